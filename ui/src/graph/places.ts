// Where each node of the picture stands. What stands never moves because
// something else is opened, hidden or filtered.

import { useEffect, useMemo, useState } from "react";
import { lanes, later, near, push, type Lanes, type Line, type Place } from "../lanes";
import type { Placed, Task } from "../layout.worker";
import type { Drawn, Joined, Model } from "../model";
import { kinds } from "../show";
import type { Layout, Pin } from "../url";

/** The kinds of edges along which something passed. */
const flows = new Set(["ISSUED", "DRIVES", "RUNS", "CALLED", "HOLDS"]);

/** How long a layout may take before the lanes stay. */
const DEADLINE = 8000; // milliseconds

export interface Places {
  at: Map<string, Place>;
  lanes?: Lanes; // where the lanes are shown
  busy: boolean;
  note: string;
}

export function usePlaces(model: Model, layout: Layout, pins: Record<string, Pin>): Places {
  const { dots, lines } = useMemo(() => {
    const { nodes, edges, groups } = model.base ?? { nodes: [], edges: [], groups: [] };
    const times = when(nodes, edges);
    const dots = nodes.map((n) => ({ id: n.node.id, lane: kinds[n.node.kind]!.lane, first: times.get(n.node.id)! }));
    for (const g of groups) dots.push({ id: g.id, lane: kinds[g.kind]!.lane, first: g.first ? Date.parse(g.first) : NaN });
    const on = new Set(dots.map((d) => d.id));
    const lines = edges.filter((e) => on.has(e.from) && on.has(e.to)).map<Line>((e) => ({ from: e.from, to: e.to, flows: flows.has(e.kind) }));
    for (const g of groups) if (on.has(g.hub)) lines.push(g.inward ? { from: g.id, to: g.hub } : { from: g.hub, to: g.id });
    return { dots, lines };
  }, [model.base]);
  const base = useMemo(() => lanes(dots, lines), [dots, lines]);
  const slow = useSlow(layout, dots, lines);

  return useMemo(() => {
    const own = layout !== "lanes" && slow.at;
    const at = new Map(own ? slow.at : base.places);
    if (own) {
      const byParent = new Map<string, string[]>();
      for (const [id, parent] of model.added) push(byParent, parent, id);
      for (const [parent, ids] of byParent) for (const [id, p] of near(ids, at.get(parent) ?? { x: 0, y: 0 }, at.values())) at.set(id, p);
    } else if (model.added.size) {
      const times = when([...model.nodes.values()], [...model.edges.values()]);
      const dots = [...model.added.keys()].map((id) => ({ id, lane: kinds[model.nodes.get(id)!.node.kind]!.lane, first: times.get(id)! }));
      for (const [id, p] of later(dots, base, at.values())) at.set(id, p);
    }
    for (const [id, p] of Object.entries(pins)) if (at.has(id)) at.set(id, p);
    return { at, lanes: own ? undefined : base, busy: slow.busy, note: slow.note };
  }, [base, slow, layout, model, pins]);
}

/**
 * When each node stands: what acts at its first touch, what is only acted on at
 * its last, an agent with the first of what it drives. So a line of time never
 * runs to the left: a call is never before what made it, nor after the last
 * touch of what took it.
 */
function when(nodes: Drawn[], edges: Joined[]): Map<string, number> {
  const acts = new Set<string>(), drives = new Map<string, string[]>(), touched = new Map(nodes.map((n) => [n.node.id, n.first]));
  for (const e of edges) {
    acts.add(e.from);
    if (e.kind === "DRIVES") push(drives, e.from, e.to);
  }
  const time = (t: string | null | undefined) => (t ? Date.parse(t) : NaN);
  const out = new Map<string, number>();
  for (const n of nodes) out.set(n.node.id, acts.has(n.node.id) ? time(n.first) : time(n.last));
  for (const [agent, driven] of drives) {
    for (const id of driven) {
      const t = time(touched.get(id));
      if (t < out.get(agent)!) out.set(agent, t);
    }
  }
  return out;
}

function useSlow(layout: Layout, dots: { id: string }[], lines: Task["lines"]) {
  const [result, setResult] = useState<{ at?: Map<string, Place>; busy: boolean; note: string }>({ busy: false, note: "" });
  useEffect(() => {
    if (layout === "lanes") {
      setResult({ busy: false, note: "" });
      return;
    }
    setResult({ busy: true, note: "" });
    const worker = new Worker(new URL("../layout.worker.ts", import.meta.url), { type: "module" });
    const late = setTimeout(() => {
      worker.terminate();
      setResult({ busy: false, note: "That layout took too long; the lanes stay." });
    }, DEADLINE);
    worker.onmessage = (e: MessageEvent<Placed>) => {
      clearTimeout(late);
      setResult({ at: new Map(e.data.map(([id, x, y]) => [id, { x, y }])), busy: false, note: "" });
      worker.terminate();
    };
    worker.postMessage({ layout, ids: dots.map((d) => d.id), lines } satisfies Task);
    return () => {
      clearTimeout(late);
      worker.terminate();
    };
  }, [layout, dots, lines]);
  return result;
}
