// The picture that people investigate: DOM nodes, so that keyboard, screen
// reader and themes work as everywhere else.

import { Controls, MarkerType, ReactFlow, ViewportPortal, applyNodeChanges, useReactFlow, useStore, useStoreApi, type EdgeTypes, type NodeChange, type NodeTypes } from "@xyflow/react";
import { memo, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { CARD, type Lanes } from "../lanes";
import { dimmed, joins, passes, type Model } from "../model";
import { clock, kinds, outcomes } from "../show";
import type { State } from "../url";
import { Card, FORM, GroupCard, spoken, type CardNode, type GroupNode } from "./card";
import { Line, type LineEdge } from "./line";
import type { Places } from "./places";

const nodeTypes: NodeTypes = { card: Card, "group-card": GroupCard };
const edgeTypes: EdgeTypes = { line: Line };

/** What is said of a node beside the picture: by reach and by the suspects. */
export interface Said {
  lit: Set<string>; // ids of nodes
  litEdges: Set<string>; // "from|to"
  words: Map<string, string>; // what happened along a lit edge, by "from|to"
  marks: Map<string, { mark: string; certainty: string }>;
  ranks: Map<string, number>;
}

interface Props {
  model: Model;
  places: Places;
  state: State;
  said: Said;
  near: string; // the day of times without a date
  opening: string; // the group being opened
  onSelect(id: string): void;
  onOpen(group: string): void;
  onPin(id: string, at: { x: number; y: number }): void;
}

type AnyNode = CardNode | GroupNode;

const PLAIN = { type: MarkerType.ArrowClosed, width: 14, height: 14, color: "var(--line)" };
const LIT = { type: MarkerType.ArrowClosed, width: 9, height: 9, color: "var(--lit)" };

export const Flow = memo(function Flow({ model, places, state, said, near, opening, onSelect, onOpen, onPin }: Props) {
  const [walker, setWalker] = useState(""); // the node that takes the tab stop
  const shown = useMemo(() => [...model.nodes.values()].filter((n) => passes(n, state)), [model, state]);
  const tab = shown.some((n) => n.node.id === walker) ? walker : shown.some((n) => n.node.id === state.selected) ? state.selected
    : shown.filter((n) => said.lit.has(n.node.id)).sort((a, b) => (places.at.get(a.node.id)?.x ?? 0) - (places.at.get(b.node.id)?.x ?? 0))[0]?.node.id ?? shown[0]?.node.id ?? "";

  const same = useRef(new Map<string, AnyNode>()); // what has not changed stays the same object, and is not drawn again
  const nodes = useMemo<AnyNode[]>(() => {
    const stop = (id: string) => ({ ...FORM, focusable: true, domAttributes: { tabIndex: id === tab ? 0 : -1, role: "button" } as never });
    const cards: AnyNode[] = shown.map((n) => {
      const id = n.node.id;
      const mark = said.marks.get(id);
      const data = {
        id, kind: n.node.kind, name: n.node.name, tool: n.tool, account: n.node.account, cls: n.node.class ?? "", worst: n.worst ?? "", asked: n.asked,
        calls: n.calls, rank: said.ranks.get(id) ?? 0, mark: mark?.mark ?? "", certainty: mark?.certainty ?? "", lit: said.lit.has(id),
        dim: dimmed(n, state), pinned: !!state.pins[id],
      };
      return { id, type: "card", position: places.at.get(id) ?? { x: 0, y: 0 }, data, ariaLabel: spoken(data), selected: id === state.selected, ...stop(id) };
    });
    for (const g of model.groups) {
      const left = g.count - (model.opened.get(g.id) ?? 0);
      if (left <= 0 || !passes({ node: { id: g.id, kind: g.kind, account: g.account, class: null } as never, tool: "", asked: false, first: g.first, last: null, calls: 0, worst: null }, state)) continue;
      cards.push({ id: g.id, type: "group-card", position: places.at.get(g.id) ?? { x: 0, y: 0 }, draggable: false, ...stop(g.id),
        data: { id: g.id, kind: g.kind, left, worst: g.worst ?? "", account: g.account, busy: opening === g.id } });
    }
    const before = same.current;
    same.current = new Map(cards.map((c) => [c.id, alike(before.get(c.id), c)]));
    return [...same.current.values()];
  }, [shown, model, places, said, state, tab, opening]);

  const sameEdges = useRef(new Map<string, LineEdge>());
  const edges = useMemo<LineEdge[]>(() => {
    const on = new Set(nodes.map((n) => n.id));
    const out: LineEdge[] = [];
    for (const e of model.edges.values()) {
      if (!on.has(e.from) || !on.has(e.to) || !joins(e, state)) continue;
      const lit = said.litEdges.has(`${e.from}|${e.to}`);
      const refused = e.outcomes.length > 0 && e.outcomes.every((o) => outcomes[o.outcome]!.bad);
      out.push({
        id: e.id, source: e.from, target: e.to, type: "line", focusable: false, zIndex: lit ? 2 : 0, markerEnd: lit ? LIT : PLAIN,
        data: { lit, dim: dimmed(e, state), possible: e.certainty === "POSSIBLE", refused, changes: ["CREATE", "CHANGE", "DELETE", "GRANT", "CONTROL"].includes(e.effect ?? ""),
          text: lit ? said.words.get(`${e.from}|${e.to}`) ?? "" : "" },
      });
    }
    for (const g of model.groups) {
      if (!on.has(g.id) || !on.has(g.hub)) continue;
      const [source, target] = g.inward ? [g.id, g.hub] : [g.hub, g.id];
      out.push({ id: `${g.id}>`, source, target, type: "line", focusable: false, data: { lit: false, dim: false, possible: false, refused: false, changes: false, text: "" } });
    }
    const before = sameEdges.current;
    sameEdges.current = new Map(out.map((e) => [e.id, alike(before.get(e.id), e)]));
    return [...sameEdges.current.values()];
  }, [nodes, model, said, state]);

  // A drag moves the node at once; the place is kept when it ends.
  const [moved, setMoved] = useState({ of: nodes, nodes });
  if (moved.of !== nodes) setMoved({ of: nodes, nodes });
  const change = useCallback((all: NodeChange<AnyNode>[]) => {
    const c = all.filter((x) => x.type === "position");
    if (c.length) setMoved((m) => ({ ...m, nodes: applyNodeChanges(c, m.nodes) }));
  }, []);

  const frame = useRef<HTMLDivElement>(null);
  const walk = useCallback((e: React.KeyboardEvent) => {
    const id = (e.target as HTMLElement).closest<HTMLElement>(".react-flow__node")?.dataset.id;
    if (!id) return;
    if (e.key === "Enter" || e.key === " ") {
      e.preventDefault();
      e.stopPropagation();
      if (model.groups.some((g) => g.id === id)) onOpen(id);
      else onSelect(id);
      return;
    }
    const next = step(e.key, id, nodes, edges);
    if (!next) return;
    e.preventDefault();
    e.stopPropagation();
    setWalker(next);
    frame.current?.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(next)}"]`)?.focus({ preventScroll: true });
  }, [nodes, edges, model.groups, onOpen, onSelect]);

  // While it is moved the picture is a layer of its own, and is not painted at each frame.
  const hold = useCallback(() => frame.current?.classList.add("moving"), []);
  const release = useCallback(() => frame.current?.classList.remove("moving"), []);

  return (
    <div className="flow" ref={frame} onKeyDown={walk}>
      <ReactFlow<AnyNode, LineEdge>
        nodes={moved.nodes} edges={edges} nodeTypes={nodeTypes} edgeTypes={edgeTypes} onNodesChange={change}
        onNodeClick={(_, n) => (n.type === "group-card" ? onOpen(n.id) : onSelect(n.id))}
        onMoveStart={hold} onMoveEnd={release}
        onNodeDragStop={(_, n) => onPin(n.id, n.position)}
        nodesConnectable={false} elevateNodesOnSelect={false} edgesFocusable={false} disableKeyboardA11y deleteKeyCode={null} selectionKeyCode={null}
        minZoom={0.08} maxZoom={2} fitView fitViewOptions={{ padding: 0.04, maxZoom: 1 }} proOptions={{ hideAttribution: true }} onlyRenderVisibleElements={false}
      >
        <Controls showInteractive={false} position="top-right" orientation="horizontal" />
        {places.lanes && <><Axis lanes={places.lanes} /><Scale lanes={places.lanes} near={near} /></>}
        <Far frame={frame} />
        <Camera focus={said.lit} places={places} selected={state.selected} />
      </ReactFlow>
    </div>
  );
});

/** The old object where the new one says the same. */
function alike<T extends object>(old: T | undefined, now: T): T {
  return old && JSON.stringify(old) === JSON.stringify(now) ? old : now;
}

/** The lanes, behind the cards. */
const Axis = memo(function Axis({ lanes: l }: { lanes: Lanes }) {
  return (
    <ViewportPortal>
      <div className="axis" aria-hidden>
        {l.rows.map((r) => <div key={r.lane} className="lane" style={{ transform: `translate(-12px, ${r.y - 15}px)`, width: l.width + 24, height: r.height + 30 }} />)}
      </div>
    </ViewportPortal>
  );
});

const words = new Map(Object.values(kinds).map((k) => [k.lane, k.word]));

/** The least room for a time on the scale, in pixels. */
const ROOM = 84;

/** The lanes' names at the left and the columns' times above: they stay in sight, whatever part is looked at. */
const Scale = memo(function Scale({ lanes: l, near }: { lanes: Lanes; near: string }) {
  const box = useRef<HTMLDivElement>(null);
  const store = useStoreApi();
  const ticks = useMemo(() => l.ticks.filter((t, i) => t.at > 0 && (i === 0 || clock(iso(t.at)) !== clock(iso(l.ticks[i - 1]!.at)))), [l]);
  useEffect(() => {
    const [names, times] = [...box.current!.children].map((c) => [...c.children] as HTMLElement[]);
    let at = "";
    const place = ([x, y, zoom]: [number, number, number]) => { // at each frame of a gesture: no rendering
      if (at === `${x},${y},${zoom}`) return;
      at = `${x},${y},${zoom}`;
      l.rows.forEach((r, i) => { names![i]!.style.transform = `translateY(${Math.round((r.y - 15) * zoom + y)}px)`; });
      let free = 0;
      const { width } = store.getState();
      ticks.forEach((t, i) => {
        const left = Math.round(t.x * zoom + x), el = times![i]!, hidden = left < free || left > width;
        if (el.hidden !== hidden) el.hidden = hidden;
        if (hidden) return;
        free = left + ROOM;
        el.style.transform = `translateX(${left}px)`;
      });
    };
    place(store.getState().transform);
    return store.subscribe((s) => place(s.transform));
  }, [l, ticks, store]);
  return (
    <div className="sticky" ref={box} aria-hidden>
      <div className="names">{l.rows.map((r) => <span key={r.lane}>{words.get(r.lane)}</span>)}</div>
      <div className="times">{ticks.map((t) => <span key={t.x}>{clock(iso(t.at), near)}</span>)}</div>
    </div>
  );
});

/** From afar a card shows its name alone, and larger. */
function Far({ frame }: { frame: React.RefObject<HTMLDivElement | null> }) {
  const far = useStore((s) => s.transform[2] < 0.8);
  useEffect(() => { frame.current?.classList.toggle("far", far); }, [far, frame]);
  return null;
}

const iso = (at: number) => new Date(at).toISOString().replace(".000Z", "Z");

/** The smallest scale at which a card can be read. */
const LEGIBLE = 0.6;

/** The room that the lanes' names take, in pixels. */
const NAMES = 104;

/** Looks at the lit chain where the whole would be too small to read. */
function Camera({ focus, places, selected }: { focus: Set<string>; places: Places; selected: string }) {
  const flow = useReactFlow();
  const done = useRef(false);
  useEffect(() => {
    const all = [...focus].map((id) => places.at.get(id)).filter((p) => p !== undefined);
    const box = document.querySelector(".flow")?.getBoundingClientRect();
    if (done.current || !all.length || !box?.width) return;
    done.current = true; // once: later changes never move what one looks at
    const [left, top] = [Math.min(...all.map((p) => p.x)), Math.min(...all.map((p) => p.y))];
    const [width, height] = [Math.max(...all.map((p) => p.x)) + CARD.width - left, Math.max(...all.map((p) => p.y)) + CARD.height - top];
    const zoom = Math.max(LEGIBLE, Math.min(1, (box.width - NAMES - 32) / width, (0.86 * box.height) / height));
    // What does not fit is seen from its end: what was done, and what did it.
    const start = (room: number, from: number, length: number) => (length * zoom < room ? room / 2 - (from + length / 2) * zoom : room - 24 - (from + length) * zoom);
    const look = () => void flow.setViewport({ x: start(box.width - NAMES, left, width) + NAMES, y: start(box.height - 30, top, height) + 26, zoom });
    const late = requestAnimationFrame(() => requestAnimationFrame(look)); // after the flow's own first fit
    return () => cancelAnimationFrame(late);
  }, [focus, places, flow]);
  useEffect(() => {
    const p = selected && places.at.get(selected);
    if (!p) return;
    const { x, y, zoom } = flow.getViewport();
    const box = document.querySelector(".flow")?.getBoundingClientRect();
    if (!box) return;
    const sx = p.x * zoom + x, sy = p.y * zoom + y;
    if (sx < 0 || sy < 0 || sx + CARD.width * zoom > box.width || sy + CARD.height * zoom > box.height) {
      void flow.setCenter(p.x + CARD.width / 2, p.y + CARD.height / 2, { zoom });
    }
  }, [selected, places, flow]);
  return null;
}

/** Where an arrow leads: right and left along the lines, up and down to the nearest card. */
function step(key: string, id: string, nodes: AnyNode[], edges: LineEdge[]): string | undefined {
  const here = nodes.find((n) => n.id === id);
  if (!here) return undefined;
  const far = (n: AnyNode) => Math.hypot(n.position.x - here.position.x, n.position.y - here.position.y);
  const at = (ids: Set<string>) => nodes.filter((n) => ids.has(n.id)).sort((a, b) => far(a) - far(b));
  const lit = (a: string, b: string) => edges.some((e) => e.source === a && e.target === b && e.data!.lit);
  switch (key) {
    case "ArrowRight":
      return at(new Set(edges.filter((e) => e.source === id).map((e) => e.target))).sort((a, b) => Number(lit(id, b.id)) - Number(lit(id, a.id)))[0]?.id;
    case "ArrowLeft":
      return at(new Set(edges.filter((e) => e.target === id).map((e) => e.source))).sort((a, b) => Number(lit(b.id, id)) - Number(lit(a.id, id)))[0]?.id;
    case "ArrowDown":
    case "ArrowUp": {
      const way = key === "ArrowDown" ? 1 : -1;
      return nodes.filter((n) => n.id !== id && (n.position.y - here.position.y) * way > 4)
        .sort((a, b) => far(a) - far(b))[0]?.id;
    }
    case "Home":
      return nodes.slice().sort((a, b) => a.position.x - b.position.x)[0]?.id;
    case "End":
      return nodes.slice().sort((a, b) => b.position.x - a.position.x)[0]?.id;
  }
  return undefined;
}
