// The layouts that take long, off the main thread: relations (force) and layers.

import dagre from "@dagrejs/dagre";
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type SimulationNodeDatum } from "d3-force";
import { CARD, type Line } from "./lanes";

export interface Task {
  layout: "force" | "layers";
  ids: string[];
  lines: Line[];
}

export type Placed = [id: string, x: number, y: number][];

function force({ ids, lines }: Task): Placed {
  const dots: (SimulationNodeDatum & { id: string })[] = ids.map((id) => ({ id }));
  forceSimulation(dots)
    .force("link", forceLink(lines.map((l) => ({ source: l.from, target: l.to }))).id((d) => (d as { id: string }).id).distance(150))
    .force("charge", forceManyBody().strength(-600))
    .force("collide", forceCollide(CARD.width * 0.56))
    .force("x", forceX(0).strength(0.03))
    .force("y", forceY(0).strength(0.06))
    .stop()
    .tick(300);
  return dots.map((d) => [d.id, Math.round(d.x!), Math.round(d.y!)]);
}

function layers({ ids, lines }: Task): Placed {
  const g = new dagre.graphlib.Graph().setGraph({ rankdir: "LR", nodesep: 14, ranksep: 70 }).setDefaultEdgeLabel(() => ({}));
  for (const id of ids) g.setNode(id, { ...CARD });
  for (const l of lines) g.setEdge(l.from, l.to);
  dagre.layout(g);
  return ids.map((id) => [id, Math.round(g.node(id).x - CARD.width / 2), Math.round(g.node(id).y - CARD.height / 2)]);
}

onmessage = (e: MessageEvent<Task>) => postMessage(e.data.layout === "force" ? force(e.data) : layers(e.data));
