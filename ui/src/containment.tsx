// What cutting a thing would change: a preview; nothing is ever executed.

import { useQuery } from "urql";
import { trouble } from "./api";
import { ContainmentDocument } from "./gql";
import { clock, label, plural, visible } from "./show";
import { windowOf } from "./state";
import type { State } from "./url";
import { Problem } from "./words";

/** The kinds of things that can be cut. */
export const cuttable = ["CREDENTIAL", "SESSION", "IDENTITY", "AGENT"];

export function ContainmentPreview({ id, state }: { id: string; state: State }) {
  const [{ data, error, fetching }, again] = useQuery({ query: ContainmentDocument, variables: { cut: [id], window: windowOf(state), asOf: state.asOf || null } });
  const t = trouble(error);
  const c = data?.containment;
  if (t) return <Problem {...t} onRetry={() => again({ requestPolicy: "network-only" })} />;
  if (!c) return fetching ? <p role="status" className="quiet">Simulating the cut…</p> : null;
  const list = (nodes: { id: string; kind: string; name: string }[]) => nodes.slice(0, 6).map((n) => label(n)).join(", ") + (nodes.length > 6 ? ` and ${nodes.length - 6} more` : "");
  return (
    <section className="containment" aria-label="Containment preview">
      <h3>If this were cut (nothing is executed)</h3>
      <ul>
        {c.cuts.map((x) => <li key={x.asked}>{visible(x.what)}; {plural(x.stops, "observed step")} would not have happened</li>)}
        <li>the attacker loses {plural(c.lost.length, "node")} of {c.before.nodes}{c.lost.length > 0 && <>: {list(c.lost.map((l) => l.node))}</>}</li>
        <li>{c.alive.length ? <><b>still alive:</b> {c.alive.slice(0, 6).map((a) => `${label(a.node)}${a.until ? ` until ${clock(a.until, state.to || a.until)}` : ""}`).join(", ")}{c.alive.length > 6 && ` and ${c.alive.length - 6} more`}</> : "nothing issued by it lives on"}</li>
        <li>{c.breaks.length ? <><b>breaks:</b> {list(c.breaks.map((b) => b.identity))}</> : "no other caller used it in this window"}</li>
      </ul>
    </section>
  );
}
