// The way between two things: the path that could have happened, by each physics
// in turn, whether its steps are drawn or not; where there is none, how the two
// hang together in what is drawn.

import { useMemo } from "react";
import { useQuery } from "urql";
import { trouble } from "./api";
import { WayDocument, type WayQuery } from "./gql";
import { pathBetween, type Drawn, type Model } from "./model";
import { clock, label, visible } from "./show";
import { windowOf, type Update } from "./state";
import type { Physics, State, Way as Direction } from "./url";
import { Problem } from "./words";

export type Hop = WayQuery["reach"]["nodes"][number]["path"][number];

/** A path in time: its steps in the order in which they happened, and the nodes on it. */
export interface Way {
  hops: Hop[];
  nodes: Map<string, Drawn>;
  how: string;
}

const tries: { mode: Physics; direction: Direction; how: string }[] = [
  { mode: "COMPROMISE", direction: "FORWARD", how: "a compromise could have spread" },
  { mode: "COMPROMISE", direction: "BACKWARD", how: "a compromise could have come back" },
  { mode: "FAILURE", direction: "FORWARD", how: "a failure could have spread" },
  { mode: "FAILURE", direction: "BACKWARD", how: "it relied on it" },
];

/** The way from state.path to what is selected, where both are chosen. */
export function useWay(state: State) {
  const from = state.path, to = state.selected;
  const on = !!from && !!to && from !== to;
  const ask = (i: number, pause: boolean) => {
    // eslint-disable-next-line react-hooks/rules-of-hooks -- always the same four
    const [q, again] = useQuery({ query: WayDocument, pause: !on || pause, variables: { from, to, mode: tries[i]!.mode, direction: tries[i]!.direction, window: windowOf(state), asOf: state.asOf || null } });
    const live = on && !pause;
    const reach = live ? q.data?.reach : undefined;
    return { reach, path: reach?.nodes.find((n) => n.node.id === to)?.path, error: live ? q.error : undefined, again };
  };
  const missed = (a: ReturnType<typeof ask>) => !!a.reach && !a.path?.length;
  const first = ask(0, false), second = ask(1, !missed(first)), third = ask(2, !missed(second)), fourth = ask(3, !missed(third));
  const all = [first, second, third, fourth];
  const at = all.findIndex((a) => !!a.path?.length);
  const found = all[at];
  const way = useMemo<Way | undefined>(() => {
    if (!found?.path || !found.reach) return undefined;
    const nodes = new Map<string, Drawn>();
    const touched = new Set(found.path.flatMap((h) => [h.from, h.to]));
    for (const n of found.reach.nodes) {
      if (touched.has(n.node.id)) nodes.set(n.node.id, { node: n.node, tool: "", asked: false, first: found.path.find((h) => h.from === n.node.id || h.to === n.node.id)?.at ?? null, last: null, calls: 0, worst: null });
    }
    return { hops: found.path, nodes, how: tries[at]!.how };
  }, [found?.path, found?.reach, at]);
  return { way, none: on && missed(fourth), error: all.find((a) => a.error), on };
}

export function WayBar({ state, update, model, asked, near, onEvent }: { state: State; update: Update; model: Model; asked: ReturnType<typeof useWay>; near: string; onEvent(id: string): void }) {
  if (!state.path) return null;
  const name = (id: string) => { const n = model.nodes.get(id); return n ? label({ ...n.node, tool: n.tool }) : label({ id }); };
  const t = trouble(asked.error?.error);
  const drawn = asked.none ? pathBetween(model, state.path, state.selected) : [];
  return (
    <section className="spread" aria-label="Path">
      <p>
        <b>Path</b> from {name(state.path)} {asked.on ? <>to {name(state.selected)}: </> : <>: select the other end. </>}
        {asked.way && <>{asked.way.how} this way. </>}
        {asked.none && (drawn.length ? <>nothing passes from one to the other in time. They hang together through {drawn.slice(1, -1).map(name).join(", ") || "one edge"}. </> : <>nothing passes from one to the other in time, and nothing that is drawn joins them. </>)}
        <button onClick={() => update({ path: "" })}>end path</button>
      </p>
      {asked.on && !asked.way && !asked.none && !t && <p role="status" className="quiet">Looking for a way…</p>}
      {t && <Problem {...t} onRetry={() => asked.error!.again({ requestPolicy: "network-only" })} />}
      {asked.way && (
        <ol className="way">
          {asked.way.hops.map((h, i) => (
            <li key={i}>
              <span className="when">{clock(h.at, near)}</span> <button className="link" onClick={() => update({ selected: h.from, path: "" })}>{name(h.from)}</button> {visible(h.why)} <button className="link" onClick={() => update({ selected: h.to, path: "" })}>{name(h.to)}</button>
              {h.certainty === "POSSIBLE" && <i> (possible)</i>}
              {h.evidence[0] && <> <button className="link mono" onClick={() => onEvent(h.evidence[0]!)}>raw</button></>}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
