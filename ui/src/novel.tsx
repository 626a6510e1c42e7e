// Identities out of pattern: what was done that was never done before.

import { useQuery } from "urql";
import { trouble } from "./api";
import { NovelDocument, type NovelQuery } from "./gql";
import { clock, count, label, plural, visible } from "./show";
import { windowOf } from "./state";
import type { State } from "./url";
import { Problem } from "./words";

type Novelty = NovelQuery["novel"]["identities"][number]["novelties"][number];

const SHOWN = 10;

/** In which way a call was the first, in few words. */
function firstOf(n: Novelty): string {
  if (n.kinds.includes("TRUST_EDIT")) return "first edit of trust";
  if (n.kinds.includes("BOUNDARY_EDIT")) return "first edit of a boundary";
  if (n.kinds.includes("POLICY_EDIT")) return "first edit of permissions";
  if (n.kinds.includes("AGENT")) return "first time through this agent";
  if (n.kinds.includes("SERVICE") || n.kinds.includes("AGENT_SERVICE")) return "first use of the service";
  if (n.kinds.includes("NETWORK")) return "first time from this network";
  return "first-ever";
}

export function Novelties({ state, onAsk }: { state: State; onAsk(id: string): void }) {
  const [{ data, error, fetching }, again] = useQuery({ query: NovelDocument, variables: { of: [], window: windowOf(state), who: "NHI", asOf: state.asOf || null } });
  const t = trouble(error);
  const n = data?.novel;
  return (
    <section aria-labelledby="novel">
      <h2 id="novel">Identities out of pattern</h2>
      {n?.baseline.tooShort && <p className="quiet"><small>{visible(n.baseline.reason)}</small></p>}
      {fetching && !n && <p role="status" className="quiet">Comparing with the 30 days before…</p>}
      {t && <Problem {...t} onRetry={() => again({ requestPolicy: "network-only" })} />}
      {n && !n.identities.length && <p className="quiet">Nobody did anything new in this window{n.total.looked ? `; ${plural(n.total.looked, "identity", "identities")} looked at` : ""}.</p>}
      <ul className="list">
        {n?.identities.slice(0, SHOWN).map((i) => {
          const x = i.novelties[0];
          return (
            <li key={i.identity.id}>
              <button className="row" onClick={() => onAsk(i.identity.id)} title={visible(i.identity.id)}>
                <b>▲{"\u00a0"}{label(i.identity)}</b>{x && <time>{clock(x.at, n.window.to)}</time>}
                <small>
                  {[
                    x && `${firstOf(x)} ${visible(x.action)} on ${label({ id: x.target })}`, x?.agent && `✦ ${visible(x.agent.split(":")[1] ?? "agent")}`,
                    i.novelties.length + i.folded > 1 && `${count(i.novelties.length + i.folded - 1)} more`, i.new && "new identity",
                  ].filter(Boolean).join(" · ")}
                </small>
              </button>
            </li>
          );
        })}
      </ul>
      {n && n.identities.length > SHOWN && <p className="quiet">{count(n.identities.length - SHOWN)} more: <code>blastradius novel</code> lists all.</p>}
    </section>
  );
}
