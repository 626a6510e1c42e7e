// Where each node of the picture stands. What stands never moves because
// something else is opened, hidden or filtered.

import { useEffect, useMemo, useState } from "react";
import { CARD, below, lanes, type Lanes, type Place } from "../lanes";
import type { Placed, Task } from "../layout.worker";
import type { Model } from "../model";
import { kinds } from "../show";
import type { Layout, Pin } from "../url";

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
    const times = when(model);
    const dots = [...model.nodes.values()].filter((n) => !model.added.has(n.node.id))
      .map((n) => ({ id: n.node.id, lane: kinds[n.node.kind]!.lane, first: times.get(n.node.id)! }));
    for (const g of model.groups) dots.push({ id: g.id, lane: kinds[g.kind]!.lane, first: g.first ? Date.parse(g.first) : NaN });
    const on = new Set(dots.map((d) => d.id));
    const lines = [...model.edges.values()].filter((e) => on.has(e.from) && on.has(e.to)).map((e) => ({ from: e.from, to: e.to }));
    for (const g of model.groups) if (on.has(g.hub)) lines.push(g.inward ? { from: g.id, to: g.hub } : { from: g.hub, to: g.id });
    return { dots, lines };
  }, [model]);
  const base = useMemo(() => lanes(dots, lines), [dots, lines]);
  const slow = useSlow(layout, dots, lines);

  return useMemo(() => {
    const own = layout !== "lanes" && slow.at;
    const at = new Map(own ? slow.at : base.places);
    const floor = Math.max(0, ...[...at.values()].map((p) => p.y)) + CARD.height + 80;
    const byParent = new Map<string, string[]>();
    for (const [id, parent] of model.added) byParent.set(parent, [...(byParent.get(parent) ?? []), id]);
    let right = -Infinity;
    for (const [parent, ids] of byParent) {
      const x = Math.max(at.get(parent)?.x ?? 0, right);
      const more = below(ids, x, floor);
      for (const [id, p] of more) {
        at.set(id, p);
        right = Math.max(right, p.x + CARD.width + 60);
      }
    }
    for (const [id, p] of Object.entries(pins)) if (at.has(id)) at.set(id, p);
    return { at, lanes: own ? undefined : base, busy: slow.busy, note: slow.note };
  }, [base, slow, layout, model.added, pins]);
}

/**
 * When each node stands: what acts at its first touch, what is only acted on at
 * its last, an agent with the first of what it drives. So a line of time never
 * runs to the left: a call is never before what made it, nor after the last
 * touch of what took it.
 */
function when(model: Model): Map<string, number> {
  const acts = new Set<string>(), drives = new Map<string, string[]>();
  for (const e of model.edges.values()) {
    acts.add(e.from);
    if (e.kind === "DRIVES") drives.set(e.from, [...(drives.get(e.from) ?? []), e.to]);
  }
  const time = (t: string | null | undefined) => (t ? Date.parse(t) : NaN);
  const out = new Map<string, number>();
  for (const n of model.nodes.values()) out.set(n.node.id, acts.has(n.node.id) ? time(n.first) : time(n.last));
  for (const [agent, driven] of drives) {
    for (const id of driven) {
      const t = time(model.nodes.get(id)?.first);
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
