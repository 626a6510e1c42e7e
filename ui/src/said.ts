// What the questions say of the nodes of a picture: who is lit, who is suspected,
// what reach makes of each.

import { useMemo } from "react";
import type { Said } from "./graph/flow";
import { pathBetween, type Model } from "./model";
import type { State } from "./url";

export const nothing: Said = { lit: new Set(), litEdges: new Set(), marks: new Map(), ranks: new Map() };

export function useSaid(state: State, model: Model): Said {
  return useMemo(() => {
    if (!state.path || !state.selected || state.path === state.selected) return nothing;
    const path = pathBetween(model, state.path, state.selected);
    const litEdges = new Set<string>();
    path.forEach((id, i) => { if (i) { litEdges.add(`${path[i - 1]}|${id}`); litEdges.add(`${id}|${path[i - 1]}`); } });
    return { ...nothing, lit: new Set(path), litEdges };
  }, [state.path, state.selected, model]);
}
