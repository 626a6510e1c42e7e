// @vitest-environment node
import { describe, expect, test } from "vitest";
import { CARD, lanes, later, near, type Dot, type Line } from "../src/lanes";

function world(n: number): { dots: Dot[]; lines: Line[] } {
  let seed = n;
  const rand = () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32;
  const dots = Array.from({ length: n }, (_, i) => ({ id: `n${i}`, lane: i % 6, first: rand() < 0.05 ? NaN : 1.7e12 + Math.floor(rand() * 4) * 3.6e6 + Math.floor(rand() * 9e5) }));
  const lines = Array.from({ length: 2 * n }, () => ({ from: `n${Math.floor(rand() * n)}`, to: `n${Math.floor(rand() * n)}` }));
  return { dots, lines };
}

describe("time lanes", () => {
  test.each([1, 40, 300, 2000])("of %i nodes: time never runs left, no two cards overlap", (n) => {
    const { dots, lines } = world(n);
    const l = lanes(dots, lines);
    expect(l.places.size).toBe(n);
    const known = dots.filter((d) => d.first > 0).sort((a, b) => a.first - b.first);
    for (let i = 1; i < known.length; i++) {
      if (known[i]!.first > known[i - 1]!.first) expect(l.places.get(known[i]!.id)!.x).toBeGreaterThanOrEqual(l.places.get(known[i - 1]!.id)!.x);
    }
    const byX = new Map<number, number[]>();
    for (const p of l.places.values()) byX.set(p.x, [...(byX.get(p.x) ?? []), p.y]);
    for (const ys of byX.values()) {
      ys.sort((a, b) => a - b);
      for (let i = 1; i < ys.length; i++) expect(ys[i]! - ys[i - 1]!).toBeGreaterThanOrEqual(CARD.height);
    }
    for (const d of dots) {
      const row = l.rows.find((r) => r.lane === d.lane)!, y = l.places.get(d.id)!.y;
      expect(y).toBeGreaterThanOrEqual(row.y);
      expect(y + CARD.height).toBeLessThanOrEqual(row.y + row.height);
    }
  });

  test("the same picture is drawn the same way, whatever the order it came in", () => {
    const { dots, lines } = world(200);
    expect([...lanes(dots.slice().reverse(), lines).places].sort()).toEqual([...lanes(dots, lines).places].sort());
  });

  test("nothing is no picture", () => expect(lanes([], [])).toMatchObject({ width: 0, height: 0, rows: [] }));

  test("what comes later stands in its lane at its time, on no other card, and moves none", () => {
    const { dots, lines } = world(120);
    const l = lanes(dots, lines);
    const more: Dot[] = dots.slice(0, 50).map((d) => ({ ...d, id: `m${d.id}` }));
    const p = later(more, l, l.places.values());
    expect(p.size).toBe(50);
    expect(new Set([...p.values(), ...l.places.values()].map((q) => `${q.x},${q.y}`)).size).toBe(170);
    for (const m of more) {
      expect(p.get(m.id)!.x).toBe(l.column(m.first || 0) * 242);
      const row = l.rows.find((r) => r.lane === m.lane)!, y = p.get(m.id)!.y;
      expect((y >= row.y && y + CARD.height <= row.y + row.height) || y > l.height).toBe(true);
    }
  });

  test("where there are no lanes, what comes later stands around what it came from", () => {
    const { dots, lines } = world(60);
    const at = lanes(dots, lines).places, hub = at.get("n7")!;
    const p = near(Array.from({ length: 50 }, (_, i) => `m${i}`), hub, at.values());
    const all = [...at.values(), ...p.values()];
    for (const q of p.values()) for (const o of all) if (o !== q) expect(Math.abs(o.x - q.x) >= CARD.width || Math.abs(o.y - q.y) >= CARD.height).toBe(true);
    expect(Math.max(...[...p.values()].map((q) => Math.abs(q.x - hub.x)))).toBeLessThan(2000);
  });

  test("what led to something stands left of it", () => {
    const first = 1.7e12;
    const l = lanes([{ id: "a", lane: 0, first }, { id: "b", lane: 1, first }, { id: "c", lane: 2, first }], [{ from: "a", to: "b", flows: true }, { from: "b", to: "c" }]);
    expect(l.places.get("a")!.x).toBeLessThan(l.places.get("b")!.x);
    expect(l.places.get("c")!.x).toBe(l.places.get("b")!.x);
  });
});
