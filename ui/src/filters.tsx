// Filters by kind, class, outcome and account; whose calls; how firmly named.

import { kinds, outcomes, plural, visible } from "./show";
import type { Update } from "./state";
import type { Match, State, Who } from "./url";

type Facets = Record<"kinds" | "accounts" | "classes", [string, number][]>;

export function Filters({ state, update, facets, excluded }: { state: State; update: Update; facets: Facets; excluded?: { humanCalls: number; probes: number } }) {
  const on = state.kinds.length + state.outcomes.length + state.accounts.length + state.classes.length + state.hidden.length;
  const check = (key: "kinds" | "outcomes" | "accounts" | "classes", value: string, text: string, n?: number) => (
    <label key={value}>
      <input type="checkbox" checked={state[key].includes(value)} onChange={(e) => update((s) => ({ [key]: e.target.checked ? [...s[key], value] : s[key].filter((x) => x !== value) }))} /> {text}{n !== undefined && <small> {n}</small>}
    </label>
  );
  return (
    <details className="filters">
      <summary>filters{on > 0 && ` (${on})`}</summary>
      <div>
        <fieldset><legend>whose calls</legend>
          {(["NHI", "HUMAN", "ALL"] as Who[]).map((w) => <label key={w}><input type="radio" name="who" checked={state.who === w} onChange={() => update({ who: w })} /> {{ NHI: "non-human", HUMAN: "people", ALL: "everyone" }[w]}</label>)}
          {excluded && excluded.humanCalls > 0 && <small>{plural(excluded.humanCalls, "call")} by people left out</small>}
        </fieldset>
        <fieldset><legend>named by the record</legend>
          {(["DECLARED", "DERIVED", "MENTIONED"] as Match[]).map((m) => <label key={m}><input type="radio" name="match" checked={state.match === m} onChange={() => update({ match: m })} /> {{ DECLARED: "as a resource", DERIVED: "or in the request", MENTIONED: "or anywhere" }[m]}</label>)}
          <label><input type="checkbox" checked={state.probes} onChange={(e) => update({ probes: e.target.checked })} /> probes{excluded && excluded.probes > 0 ? <small> {excluded.probes}</small> : null}</label>
        </fieldset>
        <fieldset><legend>kind</legend>{facets.kinds.map(([k, n]) => check("kinds", k, `${kinds[k]!.glyph} ${kinds[k]!.word}`, n))}</fieldset>
        <fieldset><legend>outcome of calls</legend>{Object.entries(outcomes).map(([o, v]) => check("outcomes", o, `${v.mark} ${v.word}`.trim()))}</fieldset>
        {facets.accounts.length > 1 && <fieldset><legend>account</legend>{facets.accounts.slice(0, 12).map(([a, n]) => check("accounts", a, visible(a), n))}</fieldset>}
        {facets.classes.length > 1 && <fieldset><legend>class</legend>{facets.classes.map(([c, n]) => check("classes", c, c === "NHI" ? "non-human" : c.toLowerCase(), n))}</fieldset>}
        <p>
          {state.hidden.length > 0 && <button onClick={() => update({ hidden: [] })}>show {plural(state.hidden.length, "hidden node")}</button>}{" "}
          {on > 0 && <button onClick={() => update({ kinds: [], outcomes: [], accounts: [], classes: [], hidden: [] })}>no filters</button>}
        </p>
      </div>
    </details>
  );
}
