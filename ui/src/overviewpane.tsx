// The canvas of the overview, with what it says in words beside it.

import { memo, useEffect, useMemo, useRef } from "react";
import type { Places } from "./graph/places";
import { overview } from "./graph/overview";
import type { Said } from "./graph/flow";
import { dimmed, passes, type Model } from "./model";
import { count, plural } from "./show";
import type { State } from "./url";

export const OverviewPane = memo(function OverviewPane({ model, places, state, said, onSelect }: { model: Model; places: Places; state: State; said: Said; onSelect(id: string): void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = useRef<ReturnType<typeof overview> | undefined>(undefined);
  const pick = useRef(onSelect);
  pick.current = onSelect;

  useEffect(() => {
    const css = getComputedStyle(document.documentElement);
    const o = overview(canvas.current!, { line: css.getPropertyValue("--line").trim(), lit: css.getPropertyValue("--lit").trim() }, (id) => pick.current(id));
    shown.current = o;
    return () => o.destroy();
  }, []);
  const { dots, lines } = useMemo(() => {
    const css = getComputedStyle(document.documentElement);
    const colours = new Map<string, string>();
    const colour = (kind: string) => {
      if (!colours.has(kind)) colours.set(kind, css.getPropertyValue(`--k-${kind.toLowerCase()}`).trim() || "#888");
      return colours.get(kind)!;
    };
    const index = new Map<string, number>();
    const dots = [];
    for (const n of model.nodes.values()) {
      const p = places.at.get(n.node.id);
      if (!p || !passes(n, state)) continue;
      index.set(n.node.id, dots.length);
      dots.push({ id: n.node.id, ...p, colour: colour(n.node.kind), lit: said.lit.has(n.node.id), dim: dimmed(n, state) });
    }
    const lines = [];
    for (const e of model.edges.values()) {
      const from = index.get(e.from), to = index.get(e.to);
      if (from !== undefined && to !== undefined) lines.push({ from, to, lit: said.lit.has(e.from) && said.lit.has(e.to) && said.litEdges.has(`${e.from}|${e.to}`) });
    }
    return { dots, lines };
  }, [model, places, state, said]);
  useEffect(() => shown.current?.show(dots, lines), [dots, lines]);
  const l = places.lanes;
  useEffect(() => { if (l) shown.current?.fit(l.width, l.height); }, [l]);

  return (
    <div className="overview">
      <p role="status">Overview of {plural(dots.length, "node")} and {count(lines.length)} edges. Click one for its evidence; the table has them all.</p>
      <canvas ref={canvas} tabIndex={0} role="img" aria-label={`Overview of ${count(dots.length)} nodes; the table has all of them in words`}
        onKeyDown={(e) => {
          const by = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[e.key];
          if (by) shown.current?.pan(by[0]!, by[1]!);
          else if (e.key === "+" || e.key === "=") shown.current?.zoom(1.25);
          else if (e.key === "-") shown.current?.zoom(0.8);
          else return;
          e.preventDefault();
        }} />
    </div>
  );
});
