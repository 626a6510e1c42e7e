// How things are spelt for people. All names come from logs, and so from
// attackers: they are shown as text, with what cannot be seen made visible.

/** Control, bidi and other invisible characters as escapes. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu, (c) => `\\u${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`);
}

/** 13:41:38Z, with the day where it is not that of near. */
export function clock(time: string | null | undefined, near?: string | null): string {
  if (!time) return "–";
  const t = time.replace(/\.\d+Z$/, "Z");
  return near && near.slice(0, 10) === t.slice(0, 10) ? t.slice(11) : t.replace("T", " ");
}

/** 4 h, 12 min, 35 s: one unit, rounded down, and two where the first is small. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return s < 600 && s % 60 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.floor(s / 60)} min`;
  if (s < 48 * 3600) return Math.floor((s % 3600) / 60) && s < 12 * 3600 ? `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min` : `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

const numbers = new Intl.NumberFormat("en");
export const count = (n: number): string => numbers.format(n);
export const plural = (n: number, one: string, many = one.endsWith("s") ? one + "es" : one + "s"): string => `${count(n)} ${n === 1 ? one : many}`;

/** What a thing is called in little room: its name, else the telling end of its id. */
export function label(n: { id: string; name?: string; kind?: string; tool?: string }): string {
  if (n.kind === "AGENT" && n.tool) return visible(n.tool);
  if (n.kind === "CREDENTIAL" && n.id.startsWith("aws:key:")) return visible(n.id.slice(8));
  if (n.id.startsWith("aws:session:")) return visible(n.id.replace(/^aws:session:[^:]*:?/, "").replace(/@[^@]*$/, "") || n.id);
  return visible(n.name || n.id.replace(/^arn:[^:]*:/, "").split(/[/:]/).filter(Boolean).pop() || n.id);
}

/** The shape and words of each kind; shapes differ pairwise, so that colour is never needed. */
export const kinds: Record<string, { glyph: string; word: string; lane: number }> = {
  AGENT: { glyph: "✦", word: "agent", lane: 0 },
  IDENTITY: { glyph: "●", word: "identity", lane: 1 },
  CREDENTIAL: { glyph: "◆", word: "credential", lane: 2 },
  SESSION: { glyph: "■", word: "session", lane: 3 },
  SERVICE: { glyph: "⬢", word: "workload", lane: 4 },
  RESOURCE: { glyph: "▣", word: "resource", lane: 5 },
  CLIENT: { glyph: "▷", word: "client", lane: 6 },
  ACCOUNT: { glyph: "⌂", word: "account", lane: 6 },
  POLICY: { glyph: "§", word: "policy", lane: 6 },
};

/** The words for outcomes, with the mark each carries. */
export const outcomes: Record<string, { mark: string; word: string; bad: boolean }> = {
  OK: { mark: "", word: "ok", bad: false },
  DENIED: { mark: "⊘", word: "denied", bad: true },
  THROTTLED: { mark: "≋", word: "throttled", bad: true },
  FAULT: { mark: "✖", word: "failed (fault)", bad: true },
  ERROR: { mark: "✖", word: "failed (error)", bad: true },
  PROBE: { mark: "?", word: "probe", bad: false },
};
