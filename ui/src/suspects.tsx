// Who most likely did it: ranked, each term shown; "nobody" is an answer. Under
// them everyone who touched it.

import { useState } from "react";
import { useQuery } from "urql";
import type { SuspectsQuery, TouchedQuery } from "./gql";
import { SuspectsDocument } from "./gql";
import { stepsOf, type Candidate } from "./said";
import { clock, count, label, outcomes, plural, visible } from "./show";
import { brushed } from "./state";
import type { State } from "./url";

type Row = TouchedQuery["touched"]["identities"][number];
type Suspects = SuspectsQuery["suspects"];

/** Who may have caused it is asked at the end of what is looked at. */
export function suspectsVariables(state: State) {
  const { last, until, from, to } = brushed(state);
  const lookBack = from && to ? `${Math.max(1, Math.round((Date.parse(to) - Date.parse(from)) / 1000))}s` : last ?? null;
  return { resource: state.of[0]!, at: to || until || null, lookBack, asOf: state.asOf || null };
}

/** Asks who may have caused it, of one resource or workload. */
export function useSuspects(state: State) {
  const [q] = useQuery({ query: SuspectsDocument, pause: state.of.length !== 1, variables: suspectsVariables(state) });
  return { suspects: q.data?.suspects, asking: q.fetching };
}

const SHOWN = 6;

/** How many callers are listed at first; the table has all that is drawn. */
const LISTED = 30;

export function SuspectList({ suspects, state, near, drawn, onSelect, onEvent }: { suspects: Suspects | undefined; state: State; near: string; drawn(id: string): boolean; onSelect(id: string): void; onEvent(id: string): void }) {
  if (!suspects) return null;
  const named = suspects.candidates.filter((c) => c.named);
  return (
    <>
      <h2 id="likely">Who most likely did it</h2>
      {!named.length && <p className="quiet nobody">Nobody is named: {visible(suspects.reason)}</p>}
      <ol className="suspects">
        {named.slice(0, SHOWN).map((c) => <Suspect key={c.actor.id} c={c} id={[c.actor.id, ...c.acts.map((a) => a.actor), c.identity.id].find(drawn) ?? c.actor.id} state={state} near={near} onSelect={onSelect} onEvent={onEvent} />)}
      </ol>
      {named.length > SHOWN && <p className="quiet">{count(named.length - SHOWN)} more named</p>}
      {suspects.total.candidates > named.length && <p className="quiet">{plural(suspects.total.candidates - named.length, "other")} acted on it or on what it relies on and kept to their habits.</p>}
      {suspects.baseline.tooShort && <p className="quiet"><small>What is usual is not well known: {visible(suspects.baseline.reason)}.</small></p>}
    </>
  );
}

function Suspect({ c, id, state, near, onSelect, onEvent }: { c: Candidate; id: string; state: State; near: string; onSelect(id: string): void; onEvent(id: string): void }) {
  return (
    <li>
      <button className="row" aria-pressed={state.selected === id} onClick={() => onSelect(id)}>
        <b>▲{c.rank}{c.tied > 1 && " (tied)"} {c.agent ? `✦ ${visible(c.agent.split(":")[1] ?? "agent")} as ` : ""}{label(c.identity)}</b>
        <small>{visible(c.why)}</small>
      </button>
      <details>
        <summary>why: score {c.score.toFixed(2)}</summary>
        <ul className="terms">
          {c.terms.filter((t) => t.points !== 0).map((t) => <li key={t.term}>{t.term.toLowerCase().replace("_", " ")} {t.value.toFixed(2)} × {t.weight} = {t.points.toFixed(2)}: {visible(t.reason)}</li>)}
        </ul>
        <ol className="facts">
          {stepsOf(c).map((s, i) => (
            <li key={i} data-hop data-at={s.at} data-from={s.from} data-to={s.to}>
              <span className="when">{clock(s.at, near)}</span> {label({ id: s.from })} {visible(s.how)} {label({ id: s.to })}{s.possible && <i> (possible)</i>}
              {s.evidence[0] && <> <button className="link mono" onClick={() => onEvent(s.evidence[0]!)}>raw</button></>}
            </li>
          ))}
        </ol>
      </details>
    </li>
  );
}

/** Everyone who touched it, most calls first. */
export function Callers({ rows, state, near, onSelect }: { rows: Row[]; near: string; state: { selected: string }; onSelect(id: string): void }) {
  const [most, setMost] = useState(LISTED);
  return (
    <>
    <ol className="callers">
      {rows.slice(0, most).map((r) => {
        const bad = r.calls.filter((c) => outcomes[c.outcome]!.bad).reduce((n, c) => n + c.count, 0);
        const agents = r.via.filter((v) => v.kind === "AGENT");
        return (
          <li key={r.identity.id}>
            <button className="row" aria-pressed={state.selected === r.identity.id} onClick={() => onSelect(r.identity.id)}>
              <b>{label(r.identity)}</b>
              <small>
                {plural(r.total, "call")}, {clock(r.first, near)}–{clock(r.last, near)}
                {bad > 0 && <> · ✖ {count(bad)} did not succeed</>}
                {agents.length > 0 && <> · ✦ {agents.map((a) => visible(a.tool)).join(", ")}</>}
                {r.identity.class && <> · {r.identity.class === "NHI" ? "non-human" : r.identity.class.toLowerCase()}</>}
              </small>
            </button>
          </li>
        );
      })}
    </ol>
    {rows.length > most && <button onClick={() => setMost(most + 10 * LISTED)}>{count(rows.length - most)} more</button>}
    </>
  );
}
