// Saved views live in this browser: named paths, exported and imported as a file.

export interface SavedView {
  name: string;
  path: string;
  saved: string; // RFC 3339
}

const key = "blastradius.views";

export function loadViews(): SavedView[] {
  try {
    return check(JSON.parse(localStorage.getItem(key) ?? "[]"));
  } catch {
    return [];
  }
}

export function saveViews(views: SavedView[]): void {
  localStorage.setItem(key, JSON.stringify(views));
}

export function exportViews(views: SavedView[]): string {
  return JSON.stringify({ blastradiusViews: 1, views }, null, 2);
}

/** The views in a file that exportViews wrote; an error says what is wrong. */
export function importViews(text: string, into: SavedView[]): SavedView[] {
  let file: { blastradiusViews?: unknown; views?: unknown };
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error("This file is no JSON.");
  }
  if (file?.blastradiusViews !== 1) throw new Error("This file holds no saved views of this version.");
  const got = check(file.views);
  return [...into.filter((v) => !got.some((g) => g.name === v.name)), ...got];
}

function check(x: unknown): SavedView[] {
  if (!Array.isArray(x)) throw new Error("The list of views is missing.");
  return x.map((v, i) => {
    const { name, path, saved } = (v ?? {}) as Record<string, unknown>;
    if (typeof name !== "string" || typeof path !== "string" || !/^\/(i)?([?#]|$)/.test(path)) throw new Error(`View ${i + 1} has no name or leads elsewhere.`);
    return { name, path, saved: typeof saved === "string" ? saved : "" };
  });
}
