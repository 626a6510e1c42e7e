// The layout in time lanes: x is first touch, y the stage of the chain. It is a
// pure function: the same picture is drawn the same way everywhere.

export interface Dot {
  id: string;
  lane: number;
  /** First touch, in milliseconds; NaN where it is not known. */
  first: number;
}

export interface Line {
  from: string;
  to: string;
  /** Something passed along it: it leads from one column to a later one. */
  flows?: boolean;
}

export interface Place {
  x: number;
  y: number;
}

export interface Lanes {
  places: Map<string, Place>;
  /** The first touch of the leftmost node of each column, and where the column stands. */
  ticks: { x: number; at: number }[];
  /** The lanes that hold something, with their top and height. */
  rows: { lane: number; y: number; height: number }[];
  width: number;
  height: number;
  /** The column that a time falls into. */
  column(at: number): number;
}

export const CARD = { width: 196, height: 46 };
const GAP = { x: 46, y: 10, lane: 28 };
const STEP = { x: CARD.width + GAP.x, y: CARD.height + GAP.y };
const SWEEPS = 4; // of barycentre ordering

/** How many cards stand above each other before a column ends: few where all can be read, more where the whole would get too wide. */
const stackOf = (dots: number) => Math.max(2, Math.round(Math.sqrt(dots) / (dots > 500 ? 1.5 : 3.5)));

/**
 * Columns follow time: of two nodes the one touched later never stands further
 * left. A column ends where a lane of it is full, where something in it led to
 * what comes next, or where time has gone on far enough that a reader would want
 * to see it.
 */
export function lanes(dots: Dot[], lines: Line[]): Lanes {
  const most = stackOf(dots.length);
  const sources = new Map<string, string[]>();
  for (const l of lines) if (l.flows) push(sources, l.to, l.from);
  const order = dots.slice().sort((a, b) => (a.first || 0) - (b.first || 0) || a.lane - b.lane || (a.id < b.id ? -1 : 1));
  const cells = new Map<string, { column: number; lane: number; at: number }>();
  const stacks = new Map<string, string[]>();
  const starts: number[] = [];
  const known = order.filter((d) => d.first > 0);
  const pause = known.length ? Math.max(1000, (known[known.length - 1]!.first - known[0]!.first) / 24) : Infinity;
  let column = -1;
  for (const d of order) {
    const first = d.first || 0;
    const full = column >= 0 && (stacks.get(`${column}|${d.lane}`)?.length ?? 0) >= most;
    const led = sources.get(d.id)?.some((s) => cells.get(s)?.column === column);
    if (column < 0 || full || led || (first > 0 && first - starts[column]! >= pause)) {
      column++;
      starts.push(first);
    }
    const key = `${column}|${d.lane}`;
    const stack = stacks.get(key) ?? [];
    stacks.set(key, stack);
    cells.set(d.id, { column, lane: d.lane, at: stack.length });
    stack.push(d.id);
  }
  sweep(stacks, cells, lines, most);

  const heights = new Map<number, number>();
  for (const [key, stack] of stacks) {
    const lane = Number(key.split("|")[1]);
    heights.set(lane, Math.max(heights.get(lane) ?? 0, stack.length));
  }
  const rows: Lanes["rows"] = [];
  let y = 0;
  for (const lane of [...heights.keys()].sort((a, b) => a - b)) {
    const height = heights.get(lane)! * STEP.y - GAP.y;
    rows.push({ lane, y, height });
    y += height + GAP.lane;
  }
  const top = new Map(rows.map((r) => [r.lane, r]));
  const places = new Map<string, Place>();
  for (const [id, c] of cells) {
    const row = top.get(c.lane)!;
    const stack = stacks.get(`${c.column}|${c.lane}`)!;
    const free = heights.get(c.lane)! - stack.length;
    places.set(id, { x: c.column * STEP.x, y: row.y + (Math.floor(free / 2) + c.at) * STEP.y });
  }
  return {
    places, rows,
    ticks: starts.map((at, i) => ({ x: i * STEP.x, at })),
    width: Math.max(0, (column + 1) * STEP.x - GAP.x),
    height: Math.max(0, y - GAP.lane),
    column: (at) => Math.max(0, starts.findLastIndex((s) => s <= at)),
  };
}

/** Adds to the list under a key. */
export function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** Orders each stack by where its neighbours stand, so that lines cross less. */
function sweep(stacks: Map<string, string[]>, cells: Map<string, { column: number; lane: number; at: number }>, lines: Line[], most: number) {
  const near = new Map<string, string[]>();
  for (const l of lines) {
    if (!cells.has(l.from) || !cells.has(l.to)) continue;
    push(near, l.from, l.to);
    push(near, l.to, l.from);
  }
  const weight = (id: string) => {
    const ns = near.get(id) ?? [];
    if (!ns.length) return cells.get(id)!.at;
    return ns.reduce((sum, n) => sum + cells.get(n)!.lane * most + cells.get(n)!.at, 0) / ns.length;
  };
  for (let i = 0; i < SWEEPS; i++) {
    for (const stack of stacks.values()) {
      if (stack.length < 2) continue;
      const w = new Map(stack.map((id) => [id, weight(id)]));
      stack.sort((a, b) => w.get(a)! - w.get(b)! || (a < b ? -1 : 1));
      stack.forEach((id, at) => (cells.get(id)!.at = at));
    }
  }
}

/**
 * Places for nodes that come later, where nothing that stands moves: each in the
 * column of its time, in its lane while there is room, else under the lanes.
 */
export function later(dots: Dot[], base: Lanes, taken: Iterable<Place>): Map<string, Place> {
  const key = (x: number, y: number) => `${x}|${y}`;
  const full = new Set<string>();
  for (const p of taken) full.add(key(p.x, p.y));
  const floor = base.height + GAP.lane;
  const out = new Map<string, Place>();
  const put = (id: string, x: number, y: number) => { full.add(key(x, y)); out.set(id, { x, y }); };
  for (const d of dots.slice().sort((a, b) => (a.first || 0) - (b.first || 0) || (a.id < b.id ? -1 : 1))) {
    const x = base.column(d.first || 0) * STEP.x;
    const row = base.rows.find((r) => r.lane === d.lane);
    let y = row?.y ?? floor;
    while (row && y < row.y + row.height && full.has(key(x, y))) y += STEP.y;
    if (!row || y >= row.y + row.height) for (y = floor; full.has(key(x, y)); ) y += STEP.y;
    put(d.id, x, y);
  }
  return out;
}

/** Places for nodes that come later near a node, on the free places closest to it: nothing that stands moves. */
export function near(ids: string[], at: Place, taken: Iterable<Place>): Map<string, Place> {
  const standing = [...taken];
  const free = (p: Place) => standing.every((t) => Math.abs(t.x - p.x) >= CARD.width + GAP.y || Math.abs(t.y - p.y) >= STEP.y);
  const out = new Map<string, Place>();
  let left = ids.slice();
  for (let ring = 1; left.length; ring++) {
    const spots: Place[] = [];
    for (let i = -ring; i <= ring; i++) {
      for (let j = -ring; j <= ring; j++) if (Math.max(Math.abs(i), Math.abs(j)) === ring) spots.push({ x: at.x + i * (CARD.width + GAP.y), y: at.y + j * STEP.y });
    }
    spots.sort((a, b) => Math.hypot(a.x - at.x, a.y - at.y) - Math.hypot(b.x - at.x, b.y - at.y) || a.x - b.x || a.y - b.y);
    for (const p of spots) {
      if (!left.length) break;
      if (!free(p)) continue;
      standing.push(p);
      out.set(left[0]!, p);
      left = left.slice(1);
    }
  }
  return out;
}
