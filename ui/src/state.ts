// The state of the screen, bound to the URL: each change is a step in the
// browser's history, so that going back is undo.

import { useCallback, useEffect, useRef, useState } from "react";
import { href, initial, parse, type State } from "./url";

export type Change = Partial<State> | ((s: State) => Partial<State>);
/** Changes the state; with quiet the step replaces the last one in the history. */
export type Update = (change: Change, quiet?: boolean) => void;

export function useUrlState(): [State | undefined, Update] {
  const [state, setState] = useState<State>();
  const latest = useRef<State>(initial);
  const order = useRef(Promise.resolve());

  useEffect(() => {
    const read = () => void parse(location).then((s) => {
      latest.current = s;
      setState(s);
    });
    read();
    addEventListener("popstate", read);
    return () => removeEventListener("popstate", read);
  }, []);

  const update = useCallback<Update>((change, quiet) => {
    const next = { ...latest.current, ...(typeof change === "function" ? change(latest.current) : change) };
    latest.current = next;
    setState(next);
    order.current = order.current.then(async () => {
      const url = await href(next);
      if (url === location.pathname + location.search + location.hash) return;
      history[quiet ? "replaceState" : "pushState"](null, "", url);
    });
  }, []);
  return [state, update];
}

/** The window of a state, as the API takes it. */
export function windowOf(s: State): { last?: string; until?: string; from?: string; to?: string } {
  if (s.from || s.to) return { ...(s.from && { from: s.from }), ...(s.to && { to: s.to }) };
  return { last: s.last || "4h", ...(s.until && { until: s.until }) };
}

/** The window that is looked at: the brushed part, else the whole. */
export function brushed(s: State): ReturnType<typeof windowOf> {
  return s.brushFrom && s.brushTo ? { from: s.brushFrom, to: s.brushTo } : windowOf(s);
}
