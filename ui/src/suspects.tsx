// Who most likely did it: ranked, each with its reasons; "nobody" is an answer.

import type { TouchedQuery } from "./gql";
import { clock, count, label, outcomes, visible } from "./show";

type Row = TouchedQuery["touched"]["identities"][number];

/** Everyone who touched it, most calls first; under the suspects, or in their place. */
export function Callers({ rows, state, onSelect }: { rows: Row[]; state: { to: string; selected: string }; onSelect(id: string): void }) {
  return (
    <ol className="callers">
      {rows.map((r) => {
        const bad = r.calls.filter((c) => outcomes[c.outcome]!.bad).reduce((n, c) => n + c.count, 0);
        const agents = r.via.filter((v) => v.kind === "AGENT");
        return (
          <li key={r.identity.id}>
            <button className="row" aria-pressed={state.selected === r.identity.id} onClick={() => onSelect(r.identity.id)}>
              <b>{label(r.identity)}</b>
              <small>
                {count(r.total)} calls, {clock(r.first, state.to || r.first)}–{clock(r.last, state.to || r.first)}
                {bad > 0 && <> · ✖ {count(bad)} did not succeed</>}
                {agents.length > 0 && <> · ✦ {agents.map((a) => visible(a.tool)).join(", ")}</>}
                {r.identity.class && <> · {r.identity.class === "NHI" ? "non-human" : r.identity.class.toLowerCase()}</>}
              </small>
            </button>
          </li>
        );
      })}
    </ol>
  );
}
