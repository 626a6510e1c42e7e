// How far a thing spreads, or what could have led to it: the controls and the
// scope statement, and why a node is lit or not.

import { useQuery } from "urql";
import { trouble } from "./api";
import { ReachDocument, type ReachQuery } from "./gql";
import { count, label, plural, visible } from "./show";
import { windowOf, type Update } from "./state";
import type { Physics, State, Way } from "./url";
import { Problem } from "./words";

export type Reached = ReachQuery["reach"];

const question: Record<Physics, Record<Way, string>> = {
  COMPROMISE: { FORWARD: "what whoever holds it could control, alter and read", BACKWARD: "who could have caused it" },
  FAILURE: { FORWARD: "who was hit when it failed", BACKWARD: "what it relied on" },
};

/** The reach that the state asks for, and of one node why it is in or out. */
export function useReach(state: State, from: string[], explain: string) {
  const [q, again] = useQuery({
    query: ReachDocument, pause: from.length === 0,
    variables: { from, mode: state.physics, direction: state.way, window: windowOf(state), explain: explain || null, asOf: state.asOf || null },
  });
  return { reach: from.length ? q.data?.reach : undefined, error: q.error, fetching: q.fetching, again };
}

export function Spread({ state, update, name, reach, error, onRetry }: { state: State; update: Update; name: string; reach: Reached | undefined; error: Parameters<typeof trouble>[0]; onRetry(): void }) {
  const t = trouble(error);
  const word = (n: string) => n.toLowerCase().replace("_", " ");
  return (
    <section className="spread" aria-label="Reach">
      <p>
        <b>Reach</b> from {name}:{" "}
        <select aria-label="Physics" value={state.physics} onChange={(e) => update({ physics: e.target.value as Physics })}><option value="COMPROMISE">compromise</option><option value="FAILURE">failure</option></select>{" "}
        <select aria-label="Direction" value={state.way} onChange={(e) => update({ way: e.target.value as Way })}><option value="FORWARD">forward</option><option value="BACKWARD">backward</option></select>{" "}
        <span className="quiet">{question[state.physics][state.way]}</span>{" "}
        <button onClick={() => update({ reach: "" })}>end reach</button>
      </p>
      {t && <Problem {...t} onRetry={onRetry} />}
      {reach && (
        <p role="status">
          {plural(reach.total.nodes, "node")}: {reach.total.byMark.map((m) => `${count(m.count)} ${word(m.name)}`).join(", ") || "none"}; {count(reach.total.definite)} definite, {count(reach.total.possible)} possible
          {reach.total.byAccount.length > 0 && ` · ${plural(reach.total.byAccount.length, "account")}`}{reach.total.byService.length > 0 && ` · ${plural(reach.total.byService.length, "service")}`}
          {reach.static && ` · time removed ${plural(reach.static.removed, "node")} that a picture without time would show`}
          {reach.truncated && ` · cut at ${count(reach.truncated.value)} ${word(reach.truncated.limit)}`}
        </p>
      )}
    </section>
  );
}

/** Why a node is lit, or why not. */
export function Why({ id, reach, name }: { id: string; reach: Reached | undefined; name: string }) {
  if (!reach?.explain) return null;
  const node = reach.nodes.find((n) => n.node.id === id);
  return (
    <div className="why">
      <h3>{reach.explain.in ? `Why it is lit from ${name}` : `Why it is not lit from ${name}`}</h3>
      <ul>{reach.explain.reasons.map((r) => <li key={r}>{visible(r)}</li>)}</ul>
      {node && node.path.length > 0 && <ol className="facts">{node.path.map((h, i) => <li key={i}>{label({ id: h.from })} {visible(h.why)} {label({ id: h.to })}{h.certainty === "POSSIBLE" && <i> (possible)</i>}</li>)}</ol>}
    </div>
  );
}
