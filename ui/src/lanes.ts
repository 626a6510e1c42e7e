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
}

export const CARD = { width: 178, height: 46 };
const GAP = { x: 64, y: 12, lane: 34 };
const STACK = 5; // cards above each other before a column ends
const SWEEPS = 4; // of barycentre ordering

/**
 * Columns follow time: of two nodes the one touched later never stands further
 * left. A column ends where a lane of it is full, or where time has gone on far
 * enough that a reader would want to see it.
 */
export function lanes(dots: Dot[], lines: Line[]): Lanes {
  const order = dots.slice().sort((a, b) => (a.first || 0) - (b.first || 0) || a.lane - b.lane || (a.id < b.id ? -1 : 1));
  const cells = new Map<string, { column: number; lane: number; at: number }>();
  const stacks = new Map<string, string[]>();
  const starts: number[] = [];
  const known = order.filter((d) => d.first > 0);
  const pause = known.length ? Math.max(1000, (known[known.length - 1]!.first - known[0]!.first) / 24) : Infinity;
  let column = -1;
  for (const d of order) {
    const first = d.first || 0;
    const full = column >= 0 && (stacks.get(`${column}|${d.lane}`)?.length ?? 0) >= STACK;
    if (column < 0 || full || (first > 0 && first - starts[column]! >= pause)) {
      column++;
      starts.push(first);
    }
    const key = `${column}|${d.lane}`;
    const stack = stacks.get(key) ?? [];
    stacks.set(key, stack);
    cells.set(d.id, { column, lane: d.lane, at: stack.length });
    stack.push(d.id);
  }
  sweep(stacks, cells, lines);

  const heights = new Map<number, number>();
  for (const [key, stack] of stacks) {
    const lane = Number(key.split("|")[1]);
    heights.set(lane, Math.max(heights.get(lane) ?? 0, stack.length));
  }
  const rows: Lanes["rows"] = [];
  let y = 0;
  for (const lane of [...heights.keys()].sort((a, b) => a - b)) {
    const height = heights.get(lane)! * (CARD.height + GAP.y) - GAP.y;
    rows.push({ lane, y, height });
    y += height + GAP.lane;
  }
  const top = new Map(rows.map((r) => [r.lane, r]));
  const places = new Map<string, Place>();
  for (const [id, c] of cells) {
    const row = top.get(c.lane)!;
    const stack = stacks.get(`${c.column}|${c.lane}`)!;
    const used = stack.length * (CARD.height + GAP.y) - GAP.y;
    places.set(id, { x: c.column * (CARD.width + GAP.x), y: row.y + (row.height - used) / 2 + c.at * (CARD.height + GAP.y) });
  }
  return {
    places, rows,
    ticks: starts.map((at, i) => ({ x: i * (CARD.width + GAP.x), at })),
    width: Math.max(0, (column + 1) * (CARD.width + GAP.x) - GAP.x),
    height: Math.max(0, y - GAP.lane),
  };
}

/** Orders each stack by where its neighbours stand, so that lines cross less. */
function sweep(stacks: Map<string, string[]>, cells: Map<string, { column: number; lane: number; at: number }>, lines: Line[]) {
  const near = new Map<string, string[]>();
  for (const l of lines) {
    if (!cells.has(l.from) || !cells.has(l.to)) continue;
    near.set(l.from, [...(near.get(l.from) ?? []), l.to]);
    near.set(l.to, [...(near.get(l.to) ?? []), l.from]);
  }
  const weight = (id: string) => {
    const ns = near.get(id) ?? [];
    if (!ns.length) return cells.get(id)!.at;
    return ns.reduce((sum, n) => sum + cells.get(n)!.lane * STACK + cells.get(n)!.at, 0) / ns.length;
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

/** Places for nodes that come later, below what stands: nothing else moves. */
export function below(ids: string[], x: number, y: number): Map<string, Place> {
  const columns = Math.max(1, Math.ceil(Math.sqrt(ids.length / 2)));
  return new Map(ids.map((id, i) => [id, {
    x: x + (i % columns) * (CARD.width + GAP.y),
    y: y + Math.floor(i / columns) * (CARD.height + GAP.y),
  }]));
}
