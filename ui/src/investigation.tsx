// The incident screen: answer first, picture second, evidence one key away.

import { ReactFlowProvider } from "@xyflow/react";
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { trouble } from "./api";
import { Brush } from "./brush";
import { ContainmentPreview, cuttable } from "./containment";
import { fixed, link, toCLI, toClipboard, toCurl, toGraphQL, toMarkdown } from "./copy";
import { OVERVIEW, READABLE, useHeadline, useHistogram, useModel } from "./data";
import { Evidence } from "./evidence";
import { download, toCSV, toJSON, toPNG, toSVG, type Sheet } from "./export";
import { Filters } from "./filters";
import { PictureDocument } from "./gql";
import { Flow } from "./graph/flow";
import { usePlaces } from "./graph/places";
import { Help } from "./help";
import { Headline, far, likely, sentences, useFar } from "./headline";
import { useKeys } from "./keys";
import { Legend } from "./legend";
import { Newer, useNews } from "./live";
import { Menu } from "./menu";
import { facets, joins, passes } from "./model";
import { OverviewPane } from "./overviewpane";
import { Replay } from "./replay";
import { useSaid } from "./said";
import { SearchBox } from "./searchbox";
import { count, label, plural } from "./show";
import type { Update } from "./state";
import { Spread, Why, useReach } from "./spread";
import { Callers, SuspectList, useSuspects } from "./suspects";
import { Table } from "./table";
import { toggleTheme } from "./theme";
import { Timeline } from "./timeline";
import type { State, View } from "./url";
import { loadViews, saveViews } from "./views";
import { WayBar, useWay } from "./way";
import { WindowChoice } from "./window";
import { CoverageLine, Problem } from "./words";

/** How long a picture waits for the suspects, to be drawn once with their chain lit. */
const WAIT = 600; // milliseconds

/**
 * What the picture shows. The answer in words comes first: a new picture, which
 * takes longer to draw, follows it; a change to one that stands is drawn at once.
 */
function useScene<T extends { model: unknown }>(now: T, asking: boolean): T {
  const [patient, setPatient] = useState(true);
  useEffect(() => {
    const t = setTimeout(() => setPatient(false), WAIT);
    return () => clearTimeout(t);
  }, []);
  const held = useRef(now);
  if (!asking || !patient) held.current = now;
  const late = useDeferredValue(held.current);
  return late.model === held.current.model ? held.current : late;
}

export function Investigation({ state, update }: { state: State; update: Update }) {
  const [size, setSize] = useState(READABLE);
  const [event, setEvent] = useState("");
  const [help, setHelp] = useState(false);
  const [note, setNote] = useState("");
  const [cut, setCut] = useState("");
  const way = useWay(state);
  const { picture, model, opening, error, fetching, again, variables } = useModel(state, size, way.way);
  const head = useHeadline(state);
  const histogram = useHistogram(state);
  const { suspects, asking } = useSuspects(state);
  const reached = useFar(suspects, state);
  // Without a seed of its own, reach says of the selected node why it is (not) lit from what was asked.
  const spread = useReach(state.reach ? state : { ...state, way: "BACKWARD", physics: "COMPROMISE" }, state.reach ? [state.reach] : state.selected && picture?.of[0] ? [picture.of[0].id] : [], model.nodes.has(state.selected) ? state.selected : "");
  const said = useSaid(state, model, suspects, state.reach ? spread.reach : undefined, way);
  const news = useNews(state, picture && histogram ? { total: histogram.total, asOf: picture.asOf } : undefined);
  const places = usePlaces(model, state.layout, state.pins);
  const sides = useMemo(() => facets(model), [model]);
  const near = picture?.window.to ?? "";
  const scene = useScene(useMemo(() => ({ model, places, state, said, opening, near }), [model, places, state, said, opening, near]), asking);
  const opener = useRef<HTMLElement | null>(null);

  const select = useCallback((id: string) => {
    opener.current = document.activeElement as HTMLElement;
    setEvent("");
    update({ selected: id });
  }, [update]);
  const close = useCallback(() => {
    setEvent("");
    update({ selected: "" });
    const back = opener.current;
    requestAnimationFrame(() => (back?.isConnected ? back : document.querySelector<HTMLElement>(".flow .react-flow__node[tabindex='0']"))?.focus());
  }, [update]);
  const showEvent = useCallback((id: string) => {
    opener.current = document.activeElement as HTMLElement;
    setEvent(id);
  }, []);
  const openGroup = useCallback((id: string) => update((s) => ({ open: { ...s.open, [id]: (s.open[id] ?? 0) + 1 } })), [update]);
  const pin = useCallback((id: string, at: { x: number; y: number }) => update((s) => ({ pins: { ...s.pins, [id]: { x: Math.round(at.x), y: Math.round(at.y) } } })), [update]);
  const brush = useCallback((brushFrom: string, brushTo: string) => update({ brushFrom, brushTo }), [update]);
  const replayAt = useCallback((at: string, quiet: boolean) => update({ at }, quiet), [update]);
  const times = useMemo(() => [...new Set([...model.edges.values()].flatMap((e) => (e.kind === "CALLED" || e.kind === "ISSUED" ? [e.first, e.last] : [])).filter((t): t is string => !!t))].sort(), [model]);

  const resolved = picture?.window;
  const title = `${label({ id: state.of[0]!, ...picture?.of[0] })}${state.of.length > 1 ? ` and ${state.of.length - 1} more` : ""}`;
  useEffect(() => { document.title = `${title} · blastradius`; }, [title]);
  useEffect(() => {
    if (!note) return;
    const t = setTimeout(() => setNote(""), 4000);
    return () => clearTimeout(t);
  }, [note]);

  const full = fixed(state, resolved, picture?.asOf ?? 0);
  const copy = async (what: string, text: string | Promise<string>) => {
    await toClipboard(await text);
    setNote(`Copied ${what}.`);
  };
  const copyLink = () => void copy("the link", link(full));
  const absolute = { ...variables, window: { from: full.from, to: full.to }, asOf: full.asOf };
  const sheet = (): Sheet => {
    const nodes = [...model.nodes.values()].filter((n) => passes(n, state));
    const on = new Set(nodes.map((n) => n.node.id));
    const folded = model.groups.reduce((n, g) => n + g.count - (model.opened.get(g.id) ?? 0), 0);
    return {
      title, from: resolved?.from ?? "", to: resolved?.to ?? "", asOf: picture?.asOf ?? 0, nodes, lit: said.lit, litEdges: said.litEdges, at: places.at,
      edges: [...model.edges.values()].filter((e) => on.has(e.from) && on.has(e.to) && joins(e, state)),
      cut: [picture?.truncated && `cut at ${picture.truncated.value} ${picture.truncated.limit.toLowerCase()}`, folded && `${folded} siblings folded`].filter(Boolean).join(", "),
    };
  };
  const view = (v: View) => () => update({ view: v });
  const shift = (way: 1 | -1) => () => {
    if (!resolved?.from || !resolved.to) return;
    const from = Date.parse(resolved.from), to = Date.parse(resolved.to), by = ((to - from) / 4) * way;
    const iso = (t: number) => new Date(t).toISOString().replace(".000Z", "Z");
    update({ from: iso(from + by), to: iso(to + by), last: "", until: "", brushFrom: "", brushTo: "", at: "" });
  };
  const press = (key: string) => document.querySelector<HTMLElement>(`[data-key="${key}"]`)?.click();
  useKeys({
    g: view("graph"), l: view("timeline"), t: view("table"), "?": () => setHelp(true), c: copyLink, p: () => press("pin"),
    "/": () => document.querySelector<HTMLElement>('[data-key="search"]')?.focus(), "[": shift(-1), "]": shift(1), " ": () => press("replay"),
    f: () => state.selected && update({ reach: state.selected, way: "FORWARD" }), b: () => state.selected && update({ reach: state.selected, way: "BACKWARD" }),
    Escape: () => {
      if (event && state.selected) setEvent("");
      else if (event || state.selected) close();
      else if (state.reach) update({ reach: "" });
      else if (state.brushFrom) update({ brushFrom: "", brushTo: "" });
    },
  });

  const t = trouble(error);
  const big = scene.model.nodes.size > 500;
  const empty = picture && picture.edges.length === 0;
  return (
    <div className="screen">
      <a className="skip" href="#picture">skip to the picture</a>
      <header className="bar">
        <a className="brand" href="/">blastradius</a>
        <SearchBox text={state.of[0] ?? ""} key={state.of.join()} onAsk={(id) => update({ of: [id], selected: "", open: {}, pins: {}, hidden: [], reach: "", path: "", at: "", brushFrom: "", brushTo: "" })} />
        <WindowChoice state={state} update={update} resolved={resolved} />
        <nav aria-label="Actions">
          <Menu text="Copy" items={[
            { text: "link", act: copyLink },
            { text: "Markdown summary", act: async () => copy("the summary", toMarkdown([...sentences(head.touched, picture, suspects), likely(suspects) ?? "", far(reached) ?? ""].filter(Boolean), await link(full))) },
            { text: "GraphQL", act: () => copy("the query", toGraphQL(PictureDocument, absolute)) },
            { text: "curl", act: () => copy("the command", toCurl(PictureDocument, absolute)) },
            { text: "CLI", act: () => copy("the command", toCLI(full)) },
            { text: "save as a view…", act: async () => { const name = prompt("Name of the view", title)?.trim(); if (name) { saveViews([...loadViews().filter((v) => v.name !== name), { name, path: (await link(full)).slice(location.origin.length), saved: new Date().toISOString() }]); setNote(`Saved “${name}”.`); } } },
          ]} />
          <Menu text="Export" items={[
            { text: "PNG", act: async () => { try { download("blastradius.png", await toPNG(sheet())); } catch (e) { setNote((e as Error).message); } } },
            { text: "SVG", act: () => download("blastradius.svg", toSVG(sheet()), "image/svg+xml") },
            { text: "JSON", act: () => download("blastradius.json", toJSON(sheet()), "application/json") },
            { text: "CSV", act: () => download("blastradius.csv", toCSV(sheet()), "text/csv") },
          ]} />
          <button onClick={toggleTheme} title="Light or dark">◐</button>
          <button onClick={() => setHelp(true)} title="Keys (?)">?</button>
        </nav>
      </header>
      <main>
        <Newer {...news} onUpdate={() => { update({ asOf: 0 }); again({ requestPolicy: "network-only" }); }} />
        <Headline title={title} head={head} picture={picture} suspects={suspects} reached={reached} failed={!!t} state={state} />
        {picture && <CoverageLine coverage={picture.coverage} until={resolved?.to ?? ""} truncated={picture.truncated} onUntil={(until) => update({ until, from: "", to: "" })} />}
        {t && <Problem {...t} onRetry={() => again({ requestPolicy: "network-only" })}>{!picture && <a href="/">to the first screen</a>}</Problem>}
        {state.reach && <Spread state={state} update={update} name={label(model.nodes.get(state.reach)?.node ?? { id: state.reach })} reach={spread.reach} error={spread.error} onRetry={() => spread.again({ requestPolicy: "network-only" })} />}
        <WayBar state={state} update={update} model={model} asked={way} near={near} onEvent={showEvent} />
        {(picture || !t) && <div className={state.selected || event ? "panes" : "panes wide"}>
          <section className="left" aria-label="Suspects and callers" tabIndex={0}>
            <SuspectList suspects={suspects} state={state} near={near} drawn={(id) => model.nodes.has(id)} onSelect={select} onEvent={showEvent} />
            <h2>Who touched it</h2>
            {head.touched ? <Callers rows={head.touched.identities} state={state} near={near} onSelect={select} /> : <p className="quiet">{head.error ? "Ask for a resource to see who touched it." : "Reading…"}</p>}
          </section>
          <section className="middle" id="picture" aria-label="Picture" tabIndex={-1}>
            <div className="tabs">
              <span role="tablist" aria-label="Views">{(["graph", "timeline", "table"] as const).map((v) => <button key={v} role="tab" aria-selected={state.view === v} onClick={view(v)}>{v}</button>)}</span>
              {state.view === "graph" && (
                <label>layout <select value={state.layout} onChange={(e) => update({ layout: e.target.value as State["layout"] })}>
                  <option value="lanes">time lanes</option><option value="force">relations</option><option value="layers">layers</option>
                </select></label>
              )}
              <Filters state={state} update={update} facets={sides} excluded={picture?.excluded} />
              {picture && <span className="size" role="status">{`${count(picture.shown.nodes)} of ${count(picture.all.nodes)} nodes, ${count(picture.shown.edges)} of ${count(picture.all.edges)} edges`}{size === READABLE
                ? picture.shown.nodes < picture.all.nodes && <> <button className="link" onClick={() => setSize(OVERVIEW)}>show all</button></> : <> <button className="link" onClick={() => setSize(READABLE)}>fold</button></>}</span>}
            </div>
            {places.busy && <p role="status" className="quiet">Laying out… <button className="link" onClick={() => update({ layout: "lanes" })}>keep the lanes</button></p>}
            {places.note && <p role="status" className="notice">{places.note}</p>}
            {!picture && fetching && <p role="status" className="quiet wait">Reading what touched {title}…</p>}
            {empty && <p className="notice" role="status">Nothing touched {title} in this window{picture.coverage.complete ? "" : ", as far as the data shows"}. {picture.excluded.humanCalls + picture.excluded.probes > 0 && <>{plural(picture.excluded.humanCalls + picture.excluded.probes, "call")} left out. <button onClick={() => update({ who: "ALL", probes: true })}>show everyone</button></>} <button onClick={() => update({ last: "7d", from: "", to: "", until: state.until || resolved?.to || "" })}>look at 7 days</button></p>}
            {state.view === "graph" && (big
              ? <OverviewPane {...scene} onSelect={select} />
              : <ReactFlowProvider><Flow {...scene} onSelect={select} onOpen={openGroup} onPin={pin} /></ReactFlowProvider>)}
            {state.view === "timeline" && <Timeline state={state} near={near} asOf={picture?.asOf ?? 0} onSelect={select} onEvent={showEvent} />}
            {state.view === "table" && <Table model={model} state={state} said={said} near={near} onSelect={select} onOpen={openGroup} />}
            {state.view === "graph" && <Legend />}
          </section>
          <Evidence model={model} state={state} near={near} update={update} event={event} onEvent={setEvent} onClose={close}>
            {!state.path && <Why id={state.selected} reach={spread.reach} name={label(state.reach ? model.nodes.get(state.reach)?.node ?? { id: state.reach } : picture?.of[0] ?? { id: state.of[0]! })} />}
            {cuttable.includes(model.nodes.get(state.selected)?.node.kind ?? "") && <details className="cut" onToggle={(e) => setCut(e.currentTarget.open ? state.selected : "")}><summary>what if it were cut?</summary>{cut === state.selected && <ContainmentPreview id={cut} state={state} />}</details>}
          </Evidence>
        </div>}
      </main>
      {(picture || !t) && <footer>
        <Brush histogram={histogram} from={state.brushFrom} to={state.brushTo} at={state.at} onBrush={brush} />
        {resolved?.from && resolved.to && <Replay from={state.brushFrom || resolved.from} to={state.brushTo || resolved.to} at={state.at} times={times} onAt={replayAt} />}
      </footer>}
      <p className="toast" role="status" aria-live="polite">{note}</p>
      <Help open={help} onClose={() => setHelp(false)} />
    </div>
  );
}
