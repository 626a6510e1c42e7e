// What the questions say of the nodes of a picture: who is suspected, what is
// lit, what reach makes of each.

import { useMemo } from "react";
import type { SuspectsQuery } from "./gql";
import type { Said } from "./graph/flow";
import { pathBetween, type Model } from "./model";
import type { Reached } from "./spread";
import { visible } from "./show";
import type { State } from "./url";
import type { Way } from "./way";

type Suspects = SuspectsQuery["suspects"];
export type Candidate = Suspects["candidates"][number];

/** One step of a lit chain. */
export interface Step {
  from: string;
  to: string;
  how: string;
  at: string;
  possible: boolean;
  evidence: string[];
}

/** From the origin of a suspect's credentials to what it did: events in order of time. */
export function stepsOf(c: Candidate): Step[] {
  const events = c.chain.filter((h) => h.at && ["ISSUED", "DRIVES", "ACTS_FOR"].includes(h.kind))
    .map((h) => ({ from: h.from, to: h.to, how: h.kind === "ISSUED" ? `issued (${h.join ?? "?"})` : h.kind === "DRIVES" ? "drove" : "acted for", at: h.at!, possible: h.certainty === "POSSIBLE", evidence: h.evidence }));
  const acts = c.acts.filter((a) => a.at).map((a) => ({ from: a.actor, to: a.target, how: a.action, at: a.at!, possible: a.certainty === "POSSIBLE", evidence: a.evidence }));
  return [...events, ...acts].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

export function useSaid(state: State, model: Model, suspects: Suspects | undefined, reach: Reached | undefined, way: { way: Way | undefined; none: boolean }): Said {
  return useMemo(() => {
    const ranks = new Map<string, number>();
    for (const c of suspects?.candidates ?? []) {
      if (!c.named) continue;
      for (const id of [c.actor.id, c.identity.id]) if (!ranks.has(id)) ranks.set(id, c.rank);
    }
    const lit = new Set<string>(), litEdges = new Set<string>(), words = new Map<string, string>();
    const light = (from: string, to: string, word = "") => {
      for (const id of [from, to]) lit.add(id);
      litEdges.add(`${from}|${to}`);
      if (word && !words.has(`${from}|${to}`)) words.set(`${from}|${to}`, visible(word));
    };
    if (state.path && state.selected && state.path !== state.selected) {
      for (const h of way.way?.hops ?? []) if (h.against) light(h.to, h.from, h.action || h.why); else light(h.from, h.to, h.action || h.why);
      const path = way.none ? pathBetween(model, state.path, state.selected) : [];
      path.forEach((id, i) => { if (i) { light(path[i - 1]!, id); light(id, path[i - 1]!); } });
      return { lit, litEdges, words, marks: new Map(), ranks };
    }
    if (state.reach) {
      const marks = new Map<string, { mark: string; certainty: string }>();
      for (const n of reach?.nodes ?? []) {
        lit.add(n.node.id);
        marks.set(n.node.id, { mark: n.seed ? "SEED" : n.mark, certainty: n.certainty });
        for (const h of n.path) if (h.against) litEdges.add(`${h.to}|${h.from}`); else litEdges.add(`${h.from}|${h.to}`);
      }
      return { lit, litEdges, words, marks, ranks };
    }
    const first = suspects?.candidates.find((c) => c.named);
    if (first) {
      lit.add(first.actor.id);
      for (const s of stepsOf(first)) light(s.from, s.to, s.how.replace(/ \(.*\)$/, ""));
      for (const h of first.chain) light(h.from, h.to);
      for (const e of model.edges.values()) if (e.kind === "OF" && lit.has(e.from) && e.to === first.identity.id) light(e.from, e.to);
      if (first.agent) for (const e of model.edges.values()) if (e.kind === "DRIVES" && e.from === first.agent && lit.has(e.to)) light(e.from, e.to, "drove");
    }
    return { lit, litEdges, words, marks: new Map(), ranks };
  }, [state.path, state.selected, state.reach, model, suspects, reach, way.way, way.none]);
}
