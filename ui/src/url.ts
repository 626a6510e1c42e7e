// The URL is the state of the screen: what is not in it is not restored.

export type View = "graph" | "timeline" | "table";
export type Layout = "lanes" | "force" | "layers";
export type Who = "NHI" | "HUMAN" | "ALL";
export type Match = "DECLARED" | "DERIVED" | "MENTIONED";
export type Physics = "COMPROMISE" | "FAILURE";
export type Way = "FORWARD" | "BACKWARD";

/** A place a person gave a node, in the coordinates of the picture. */
export interface Pin {
  x: number;
  y: number;
}

export interface State {
  /** What is asked about: ids, ARNs or names. Empty: the start page. */
  of: string[];
  /** The window: either last (up to until or now) or from and to. */
  last: string;
  until: string;
  from: string;
  to: string;
  /** Part of the window, chosen with the brush; empty: all of it. */
  brushFrom: string;
  brushTo: string;
  /** The ledger number that the answer is to see; 0: the newest. */
  asOf: number;
  who: Who;
  match: Match;
  probes: boolean;
  /** Filters: what is listed is shown; empty shows all. */
  kinds: string[];
  outcomes: string[];
  accounts: string[];
  classes: string[];
  view: View;
  layout: Layout;
  /** The node or edge whose evidence is open. */
  selected: string;
  /** Groups and nodes that are open, with how many pages of each. */
  open: Record<string, number>;
  pins: Record<string, Pin>;
  hidden: string[];
  /** Reach lit from a node: empty is the chain of the first suspect. */
  reach: string;
  physics: Physics;
  way: Way;
  /** The other end of a path asked for between reach and this. */
  path: string;
  /** Replay stands at this instant; empty: no replay. */
  at: string;
}

export const initial: State = {
  of: [], last: "4h", until: "", from: "", to: "", brushFrom: "", brushTo: "", asOf: 0,
  who: "NHI", match: "DERIVED", probes: false, kinds: [], outcomes: [], accounts: [], classes: [],
  view: "graph", layout: "lanes", selected: "", open: {}, pins: {}, hidden: [],
  reach: "", physics: "COMPROMISE", way: "FORWARD", path: "", at: "",
};

/** Longer URLs are cut by chat tools and mail: their state goes, deflated, into the fragment. */
export const MAX_URL = 1800;

const choices = {
  who: ["NHI", "HUMAN", "ALL"], match: ["DECLARED", "DERIVED", "MENTIONED"], view: ["graph", "timeline", "table"],
  layout: ["lanes", "force", "layers"], physics: ["COMPROMISE", "FAILURE"], way: ["FORWARD", "BACKWARD"],
} as const;

const names: Record<keyof State, string> = {
  of: "of", last: "last", until: "until", from: "from", to: "to", brushFrom: "bf", brushTo: "bt", asOf: "asOf", who: "who",
  match: "match", probes: "probes", kinds: "kind", outcomes: "out", accounts: "acct", classes: "class", view: "view",
  layout: "lay", selected: "sel", open: "open", pins: "pin", hidden: "hide", reach: "reach", physics: "phys", way: "dir",
  path: "path", at: "at",
};

/** The state as a query string, without what is as it was at the start. */
export function encode(s: State): string {
  const q = new URLSearchParams();
  for (const key of Object.keys(names) as (keyof State)[]) {
    const v = s[key];
    const name = names[key];
    if (JSON.stringify(v) === JSON.stringify(initial[key])) continue;
    if (key === "open") for (const [id, n] of Object.entries(s.open)) q.append(name, `${n},${id}`);
    else if (key === "pins") for (const [id, p] of Object.entries(s.pins)) q.append(name, `${Math.round(p.x)},${Math.round(p.y)},${id}`);
    else if (Array.isArray(v)) for (const x of v) q.append(name, x);
    else q.set(name, String(v));
  }
  return q.toString();
}

/** The state that a query string means; what it does not know it leaves out. */
export function decode(query: string): State {
  const q = new URLSearchParams(query);
  const s: State = structuredClone(initial);
  for (const key of ["last", "until", "from", "to", "brushFrom", "brushTo", "selected", "reach", "path", "at"] as const) s[key] = q.get(names[key]) ?? initial[key];
  for (const key of ["of", "kinds", "outcomes", "accounts", "classes", "hidden"] as const) s[key] = q.getAll(names[key]);
  for (const key of Object.keys(choices) as (keyof typeof choices)[]) {
    const v = q.get(names[key]);
    if (v && (choices[key] as readonly string[]).includes(v)) (s as unknown as Record<string, string>)[key] = v;
  }
  s.asOf = Math.max(0, Math.trunc(Number(q.get("asOf"))) || 0);
  s.probes = q.get("probes") === "true";
  for (const text of q.getAll("open")) {
    const [, n, id] = /^(\d{1,4}),(.+)$/s.exec(text) ?? [];
    if (id) s.open[id] = Number(n);
  }
  for (const text of q.getAll("pin")) {
    const [, x, y, id] = /^(-?\d{1,7}),(-?\d{1,7}),(.+)$/s.exec(text) ?? [];
    if (id) s.pins[id] = { x: Number(x), y: Number(y) };
  }
  return s;
}

/** The path that shows a state. */
export async function href(s: State): Promise<string> {
  const path = s.of.length ? "/i" : "/";
  const q = encode(s);
  const url = q ? `${path}?${q}` : path;
  if (location.origin.length + url.length <= MAX_URL) return url;
  return `${path}#z=${await pack(q)}`;
}

/** The state that a location shows. */
export async function parse(at: { pathname: string; search: string; hash: string }): Promise<State> {
  const packed = /^#z=([\w-]+)$/.exec(at.hash)?.[1];
  const s = decode(packed ? await unpack(packed).catch(() => "") : at.search);
  return at.pathname.startsWith("/i") ? s : { ...s, of: [] };
}

async function through(stream: { writable: WritableStream; readable: ReadableStream }, bytes: Uint8Array): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  const [out] = await Promise.all([new Response(stream.readable).arrayBuffer(), writer.write(bytes).then(() => writer.close())]);
  return new Uint8Array(out);
}

async function pack(text: string): Promise<string> {
  const bytes = await through(new CompressionStream("deflate-raw"), new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

async function unpack(text: string): Promise<string> {
  const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  return new TextDecoder().decode(await through(new DecompressionStream("deflate-raw"), bytes));
}
