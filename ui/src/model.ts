// What the picture views share: the nodes and edges that the API drew, with what
// was opened since, and which of them are lit, dimmed or hidden.

import type { MembersQuery, NeighboursQuery, PictureQuery } from "./gql";
import { push } from "./lanes";
import type { State } from "./url";
import type { Hop, Way } from "./way";

export type Drawn = PictureQuery["picture"]["nodes"][number];
export type Joined = PictureQuery["picture"]["edges"][number];
export type Group = PictureQuery["picture"]["groups"][number];
type Neighbour = NeighboursQuery["neighbours"]["neighbours"][number];

export interface Model {
  /** What was drawn at first, to which the rest was added. */
  base: PictureQuery["picture"] | undefined;
  nodes: Map<string, Drawn>;
  edges: Map<string, Joined>;
  groups: Group[];
  /** Nodes that were opened later, with the group or node they came from. */
  added: Map<string, string>;
  /** How many of each group's members are drawn. */
  opened: Map<string, number>;
}

/** The picture with the pages that were opened. */
export function modelOf(picture: PictureQuery["picture"] | undefined, members: Map<string, MembersQuery["members"][]>, neighbours: Map<string, Neighbour[]>, way?: Way): Model {
  const m: Model = { base: picture, nodes: new Map(), edges: new Map(), groups: picture?.groups ?? [], added: new Map(), opened: new Map() };
  for (const n of picture?.nodes ?? []) m.nodes.set(n.node.id, n);
  for (const e of picture?.edges ?? []) m.edges.set(e.id, e);
  for (const [group, pages] of members) {
    for (const page of pages) {
      for (const n of page.nodes) if (!m.nodes.has(n.node.id)) { m.nodes.set(n.node.id, n); m.added.set(n.node.id, group); }
      for (const e of page.edges) m.edges.set(e.id, e);
      m.opened.set(group, (m.opened.get(group) ?? 0) + page.nodes.length);
    }
  }
  for (const [hub, list] of neighbours) {
    for (const n of list) {
      if (!m.nodes.has(n.node.id)) {
        m.nodes.set(n.node.id, { node: { ...n.node, classReason: "" }, tool: "", asked: false, first: n.first, last: n.last, calls: n.calls, worst: n.worst });
        m.added.set(n.node.id, hub);
      }
      const [from, to] = n.direction === "OUT" ? [hub, n.node.id] : [n.node.id, hub];
      const id = `${n.kind}|${from}|${to}`;
      if (!m.edges.has(id)) m.edges.set(id, { id, from, to, kind: n.kind, labels: n.labels, effect: null, calls: n.calls, outcomes: n.outcomes, first: n.first, last: n.last, certainty: "DEFINITE", agent: null, evidence: [] });
    }
  }
  let before = "";
  for (const h of way?.hops ?? []) {
    for (const id of [h.from, h.to]) {
      const n = way!.nodes.get(id);
      if (n && !m.nodes.has(id)) { m.nodes.set(id, n); m.added.set(id, before); }
      before = id;
    }
    const e = edgeOf(h);
    if (!m.edges.has(e.id) && m.nodes.has(e.from) && m.nodes.has(e.to)) m.edges.set(e.id, e);
  }
  return m;
}

/** A step as an edge of the picture. */
function edgeOf(h: Hop): Joined {
  const [from, to] = h.against ? [h.to, h.from] : [h.from, h.to];
  return { id: `${h.kind}|${from}|${to}`, from, to, kind: h.kind, labels: h.action ? [h.action] : [], effect: null, calls: h.kind === "CALLED" ? h.evidence.length : 0,
    outcomes: h.outcome ? [{ outcome: h.outcome, count: h.evidence.length }] : [], first: h.at, last: h.at, certainty: h.certainty, agent: null, evidence: h.evidence };
}

const outside = (first: string | null | undefined, last: string | null | undefined, from: string, to: string) =>
  !!first && !!last && (last < from || first >= to);

/** What the filters leave. Times compare as text: all are RFC 3339 in UTC. */
export function passes(n: Drawn, s: State): boolean {
  if (s.hidden.includes(n.node.id)) return false;
  if (n.asked) return true;
  if (s.kinds.length && !s.kinds.includes(n.node.kind)) return false;
  if (s.accounts.length && !s.accounts.includes(n.node.account)) return false;
  if (s.classes.length && n.node.class && !s.classes.includes(n.node.class)) return false;
  return !(s.at && n.first && n.first > s.at);
}

export function joins(e: Joined, s: State): boolean {
  if (s.outcomes.length && e.kind === "CALLED" && !e.outcomes.some((o) => s.outcomes.includes(o.outcome))) return false;
  return !(s.at && e.first && e.first > s.at);
}

/** Whether a thing lies outside the brushed part of the window. */
export function dimmed(x: { first: string | null | undefined; last: string | null | undefined }, s: State): boolean {
  return !!s.brushFrom && !!s.brushTo && outside(x.first, x.last, s.brushFrom, s.brushTo);
}

/** The accounts and classes that the filters can name. */
export function facets(m: Model) {
  const tally = (pick: (n: Drawn) => string | null | undefined) => {
    const out = new Map<string, number>();
    for (const n of m.nodes.values()) {
      const v = pick(n);
      if (v) out.set(v, (out.get(v) ?? 0) + 1);
    }
    return [...out].sort((a, b) => b[1] - a[1]);
  };
  return { kinds: tally((n) => n.node.kind), accounts: tally((n) => n.node.account), classes: tally((n) => n.node.class) };
}

/**
 * The shortest way between two nodes along what is drawn, either way; empty
 * where there is none. It says how two things hang together, not what could
 * follow what: that is reach.
 */
export function pathBetween(m: Model, from: string, to: string): string[] {
  const near = new Map<string, string[]>();
  for (const e of m.edges.values()) {
    push(near, e.from, e.to);
    push(near, e.to, e.from);
  }
  const back = new Map<string, string>([[from, ""]]);
  for (const queue = [from]; queue.length; ) {
    const id = queue.shift()!;
    if (id === to) {
      const out = [];
      for (let at = to; at; at = back.get(at)!) out.unshift(at);
      return out;
    }
    for (const n of near.get(id) ?? []) if (!back.has(n)) { back.set(n, id); queue.push(n); }
  }
  return [];
}
