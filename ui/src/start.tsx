// The first screen: one box for anything, what fails, what is new, how fresh the
// sources are.

import { useRef, useState } from "react";
import { useQuery } from "urql";
import { trouble } from "./api";
import { FailuresDocument } from "./gql";
import { Novelties } from "./novel";
import { SearchBox } from "./searchbox";
import { clock, count, label, outcomes, plural, span, visible } from "./show";
import { windowOf, type Update } from "./state";
import { toggleTheme } from "./theme";
import type { State } from "./url";
import { exportViews, importViews, loadViews, saveViews } from "./views";
import { download } from "./export";
import { WindowChoice } from "./window";
import { Problem, STALE } from "./words";

export function Start({ state, update }: { state: State; update: Update }) {
  const [{ data, error, fetching }, again] = useQuery({ query: FailuresDocument, variables: { window: windowOf(state), asOf: state.asOf || null } });
  const t = trouble(error);
  const f = data?.failures;
  const ask = (id: string) => update({ of: [id], selected: "", open: {}, view: "graph" });
  return (
    <div className="start">
      <header className="bar">
        <a className="brand" href="/">blastradius</a>
        <nav><a href="/graphiql">GraphiQL</a><button onClick={toggleTheme} title="Light or dark">◐ theme</button></nav>
      </header>
      <main>
        <h1 className="hush">blastradius: who touched what failed</h1>
        <SearchBox big text="" onAsk={ask} />
        <div className="strip">
          <WindowChoice state={state} update={update} resolved={f?.window} />
          {f && <Freshness coverage={f.coverage} until={f.window.to ?? ""} />}
        </div>
        {f?.coverage.suggestUntil && (
          <p className="notice" role="status">The window lies after the newest event ({clock(f.coverage.lastEvent)} UTC), so nothing in it is known.{" "}
            <button onClick={() => update({ until: f.coverage.suggestUntil!, from: "", to: "" })}>look up to then</button></p>
        )}
        {t && <Problem {...t} onRetry={() => again({ requestPolicy: "network-only" })} />}
        <div className="columns">
          <section aria-labelledby="failing">
            <h2 id="failing">What was deleted, and what failed</h2>
            {fetching && !f && <p role="status" className="quiet">Reading the window…</p>}
            {f && !f.failures.length && !f.bursts.length && <p className="quiet">Nothing was deleted and nothing failed in this window{f.coverage.complete ? "." : ", as far as the data shows."}</p>}
            <ul className="list">
              {f?.failures.slice(0, 12).map((x, i) => {
                const o = outcomes[x.outcome]!;
                return (
                  <li key={i}>
                    <button className="row" onClick={() => ask(x.target)} title={visible(x.target)}>
                      <b>{x.outcome === "OK" ? "⌫" : o.mark}{"\u00a0"}{label({ id: x.target })}</b><time>{clock(x.onset, f.window.to)}</time>
                      <small>{x.outcome === "OK" ? `deleted by ${visible(x.action)}` : `${visible(x.action)} ${o.word}`}{x.count > 1 && `, ${count(x.count)} times`}{x.via.some((v) => v.startsWith("agent:")) && " · ✦ through an agent"}</small>
                    </button>
                  </li>
                );
              })}
              {f?.bursts.slice(0, 5).map((b, i) => (
                <li key={`b${i}`}>
                  <button className="row" onClick={() => ask(b.identity)} title={visible(b.identity)}>
                    <b>{outcomes[b.outcome]!.mark}{"\u00a0"}{label({ id: b.identity })}</b><time>{clock(b.first, f.window.to)}</time>
                    <small>{plural(b.count, "call")} {outcomes[b.outcome]!.word} on {plural(b.targets, "target")}</small>
                  </button>
                </li>
              ))}
            </ul>
            {f && f.failures.length > 12 && <p className="quiet">{count(f.failures.length - 12)} more: <code>blastradius failures</code> lists all.</p>}
          </section>
          <Novelties state={state} onAsk={ask} />
        </div>
        <Views />
      </main>
    </div>
  );
}

/** How far behind each source is, worst first. */
function Freshness({ coverage: c, until }: { coverage: { sources: { name: string; lastEvent?: string | null }[] }; until: string }) {
  const end = Date.parse(until);
  const lags = c.sources.map((s) => ({ name: s.name, ms: s.lastEvent ? end - Date.parse(s.lastEvent) : Infinity })).sort((a, b) => b.ms - a.ms);
  if (!lags.length) return <p className="freshness">no sources in this window</p>;
  return (
    <ul className="freshness" aria-label="How far behind each source is">
      {lags.slice(0, 6).map((l) => <li key={l.name} className={l.ms > STALE ? "stale" : undefined}>{visible(l.name)} {Number.isFinite(l.ms) ? span(l.ms) : "?"}{l.ms > STALE ? " !" : ""}</li>)}
      {lags.length > 6 && <li>+{lags.length - 6}</li>}
    </ul>
  );
}

function Views() {
  const [views, setViews] = useState(loadViews);
  const [note, setNote] = useState("");
  const file = useRef<HTMLInputElement>(null);
  const keep = (v: typeof views) => { saveViews(v); setViews(v); };
  return (
    <section className="views" aria-labelledby="views">
      <h2 id="views">Saved views</h2>
      {!views.length && <p className="quiet">None yet. An investigation is saved from its copy menu, and stays in this browser.</p>}
      <ul>
        {views.map((v) => (
          <li key={v.name}><a href={v.path}>{visible(v.name)}</a> <button className="link" onClick={() => keep(views.filter((x) => x !== v))} aria-label={`forget ${visible(v.name)}`}>forget</button></li>
        ))}
      </ul>
      <p>
        <button disabled={!views.length} onClick={() => download("blastradius-views.json", exportViews(views), "application/json")}>export</button>{" "}
        <button onClick={() => file.current!.click()}>import</button>
        <input ref={file} type="file" accept="application/json" className="hush" tabIndex={-1} aria-label="File of saved views" onChange={async (e) => {
          const f = e.target.files?.[0];
          if (!f) return;
          try { keep(importViews(await f.text(), views)); setNote(`Read ${f.name}.`); } catch (err) { setNote((err as Error).message); }
          e.target.value = "";
        }} />{" "}
        <span role="status">{note}</span>
      </p>
    </section>
  );
}
