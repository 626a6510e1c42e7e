// The drawer: what is known of the node or edge that is selected, down to the
// raw record, and where to go from it.

import { useEffect, useRef, useState } from "react";
import { useQuery } from "urql";
import { trouble } from "./api";
import { EventRecordDocument, NodeDetailDocument } from "./gql";
import type { Drawn, Joined, Model } from "./model";
import { clock, count, kinds, label, outcomes, plural, visible } from "./show";
import type { State } from "./url";
import type { Update } from "./state";
import { Problem } from "./words";

interface Props {
  model: Model;
  state: State;
  near: string; // the day of times without a date
  update: Update;
  event: string; // the event whose record is open; empty: none
  onEvent(id: string): void;
  onClose(): void;
  children?: React.ReactNode; // what the questions say of the node: why (not) lit, containment
}

export function Evidence({ model, state, near, update, event, onEvent, onClose, children }: Props) {
  const id = state.selected;
  const node = model.nodes.get(id);
  const edge = model.edges.get(id);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => { heading.current?.focus(); }, [id, event]);
  if (!id && !event) return null;
  return (
    <aside className="drawer" aria-label="Evidence">
      <header>
        <h2 ref={heading} tabIndex={-1}>{event ? "Record" : node ? <><span aria-hidden>{kinds[node.node.kind]!.glyph}</span> {label({ ...node.node, tool: node.tool })}</> : visible(id)}</h2>
        <button onClick={() => (event && id ? onEvent("") : onClose())} title="Back (Esc)">{event && id ? "back" : "close"}</button>
      </header>
      {event ? <Record id={event} onSelect={(selected) => { onEvent(""); update({ selected }); }} />
        : node ? <NodeFacts node={node} model={model} state={state} near={near} update={update} onEvent={onEvent}>{children}</NodeFacts>
        : edge ? <EdgeFacts edge={edge} near={near} onEvent={onEvent} /> : <Elsewhere id={id} update={update} />}
    </aside>
  );
}

function NodeFacts({ node: n, model, state, near, update, onEvent, children }: { node: Drawn; model: Model; state: State; near: string; update: Update; onEvent(id: string): void; children?: React.ReactNode }) {
  const id = n.node.id;
  const [{ data }] = useQuery({ query: NodeDetailDocument, variables: { id } });
  const touching = [...model.edges.values()].filter((e) => e.from === id || e.to === id).sort((a, b) => ((a.first ?? "") < (b.first ?? "") ? -1 : 1));
  const d = data?.node;
  const toggled = state.hidden.includes(id) ? state.hidden.filter((x) => x !== id) : [...state.hidden, id];
  return (
    <>
      <p className="mono id">{visible(id)}</p>
      <p>
        {kinds[n.node.kind]!.word}, {visible(n.node.type)}
        {n.node.class && <>, <b>{n.node.class === "NHI" ? "non-human" : n.node.class.toLowerCase()}</b>{n.node.classReason && ` (${visible(n.node.classReason)})`}</>}
        {n.worst && outcomes[n.worst]!.bad && <>, <b>{outcomes[n.worst]!.mark} {outcomes[n.worst]!.word}</b></>}
      </p>
      {children}
      <div className="actions">
        <button onClick={() => update({ of: [id], selected: "", open: {}, pins: {}, hidden: [], reach: "", at: "" })} disabled={state.of.length === 1 && state.of[0] === id}>investigate this</button>
        <button onClick={() => update((s) => ({ open: { ...s.open, [id]: (s.open[id] ?? 0) + 1 } }))} title="Draw what else it is joined to, 50 at a time">expand</button>
        {state.open[id] && <button onClick={() => update((s) => { const { [id]: _, ...open } = s.open; return { open }; })}>collapse</button>}
        <button onClick={() => update({ reach: id, physics: n.node.kind === "RESOURCE" || n.node.kind === "SERVICE" ? "FAILURE" : "COMPROMISE", way: "FORWARD" })}>how far it spreads</button>
        <button onClick={() => update({ reach: id, physics: "COMPROMISE", way: "BACKWARD" })}>what could have caused it</button>
        <button data-key="pin" aria-pressed={!!state.pins[id]} onClick={() => update((s) => {
          if (s.pins[id]) { const { [id]: _, ...pins } = s.pins; return { pins }; }
          const el = document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`);
          const m = el && /translate\((-?[\d.]+)px,\s*(-?[\d.]+)px\)/.exec(el.style.transform);
          return m ? { pins: { ...s.pins, [id]: { x: Number(m[1]), y: Number(m[2]) } } } : {};
        })}>{state.pins[id] ? "unpin" : "pin"}</button>
        <button onClick={() => update({ hidden: toggled, selected: "" })}>hide</button>
        {state.path === id ? <button onClick={() => update({ path: "" })}>no path</button> : <button onClick={() => update({ path: id })} title="Then select the other end">path from here</button>}
      </div>
      <h3>{plural(touching.length, "connection")} drawn</h3>
      <ul className="facts">
        {touching.map((e) => {
          const out = e.from === id, other = model.nodes.get(out ? e.to : e.from)!;
          return (
            <li key={e.id}>
              <span className="when">{clock(e.first, near)}{e.calls > 1 && e.last !== e.first ? `–${clock(e.last, e.first)}` : ""}</span>{" "}
              {out ? "" : "← "}{how(e, out)}{" "}
              <button className="link" onClick={() => update({ selected: out ? e.to : e.from })}>{other ? label({ ...other.node, tool: other.tool }) : visible(out ? e.to : e.from)}</button>
              {e.outcomes.some((o) => outcomes[o.outcome]!.bad) && <> · {e.outcomes.filter((o) => outcomes[o.outcome]!.bad).map((o) => `${outcomes[o.outcome]!.mark} ${count(o.count)} ${outcomes[o.outcome]!.word}`).join(", ")}</>}
              {e.certainty === "POSSIBLE" && <> · <i>inferred, possible</i></>}
              <EvidenceIDs ids={e.evidence} total={e.calls} onEvent={onEvent} />
            </li>
          );
        })}
      </ul>
      {d && (d.generations.length > 1 || d.aliases.length > 0 || d.node.attributes.length > 0) && (
        <details>
          <summary>attributes</summary>
          <table><tbody>
            {d.aliases.map((a) => <tr key={a}><th>also</th><td className="mono">{visible(a)}</td></tr>)}
            {d.generations.map((g) => <tr key={g.uniqueId}><th>generation</th><td className="mono">{visible(g.uniqueId || "?")} {clock(g.first)} – {clock(g.last)}</td></tr>)}
            {d.node.attributes.map((a) => <tr key={a.name + a.value}><th>{visible(a.name)}</th><td>{visible(a.value)}</td></tr>)}
          </tbody></table>
        </details>
      )}
    </>
  );
}

function how(e: Joined, out: boolean): string {
  switch (e.kind) {
    case "CALLED": return `${visible(e.labels.slice(0, 2).join(", "))}${e.labels.length > 2 ? ` +${e.labels.length - 2}` : ""} × ${count(e.calls)} ${out ? "on" : "by"}`;
    case "ISSUED": return out ? `issued (${e.labels.join(", ")})` : `issued by (${e.labels.join(", ")})`;
    case "DRIVES": return out ? `drove (${e.labels.join(", ")})` : `driven by (${e.labels.join(", ")})`;
    case "OF": return out ? "carries the permissions of" : "carried by";
    case "HOLDS": return out ? "holds" : "held by";
    case "RUNS": return out ? "runs" : "run by";
    case "ACTS_FOR": return out ? "acts for" : "acted for by";
    default: return `${e.kind.toLowerCase().replace("_", " ")} ${out ? "" : "of"}`;
  }
}

function EdgeFacts({ edge: e, near, onEvent }: { edge: Joined; near: string; onEvent(id: string): void }) {
  return (
    <>
      <p>{how(e, true)}</p>
      <p>{clock(e.first, near)} – {clock(e.last, near)}</p>
      <EvidenceIDs ids={e.evidence} total={e.calls} onEvent={onEvent} />
    </>
  );
}

function EvidenceIDs({ ids, total, onEvent }: { ids: string[]; total: number; onEvent(id: string): void }) {
  const [all, setAll] = useState(false);
  if (!ids.length) return null;
  const shown = all ? ids : ids.slice(0, 2);
  return (
    <div className="ids">
      {shown.map((i) => <button key={i} className="link mono" onClick={() => onEvent(i)} title={visible(i)}>raw {visible(i).slice(0, 8)}…</button>)}
      {ids.length > 2 && !all && <button className="link" onClick={() => setAll(true)}>{ids.length - 2} more{total > ids.length ? ` of ${count(total)}` : ""}</button>}
    </div>
  );
}

function Record({ id, onSelect }: { id: string; onSelect(id: string): void }) {
  const [{ data, error, fetching }, again] = useQuery({ query: EventRecordDocument, variables: { id } });
  if (fetching && !data) return <p role="status">Reading the record from its file…</p>;
  const t = trouble(error);
  const e = data?.event;
  if (!e) return t ? <Problem {...t} onRetry={() => again({ requestPolicy: "network-only" })} /> : null;
  return (
    <>
      {e.sightings.map((s) => (
        <section key={s.evidence + s.position}>
          <p className="mono id">{visible(s.evidence)}</p>
          <p>{clock(s.at)} UTC, observed · {s.source.kind} · record {s.position} of <span className="mono">{visible(s.source.name)}</span></p>
          {s.record ? <pre tabIndex={0} className="raw">{visible(pretty(s.record)).replaceAll("\\u000A", "\n")}</pre> : t && <Problem {...t} onRetry={() => again({ requestPolicy: "network-only" })} />}
        </section>
      ))}
      <h3>What the graph made of it</h3>
      <ul className="facts">
        {e.edges.map((f, i) => (
          <li key={i}>
            <button className="link" onClick={() => onSelect(f.from)}>{label({ id: f.from })}</button> {f.kind.toLowerCase().replace("_", " ")} {visible(f.action)}{" "}
            <button className="link" onClick={() => onSelect(f.to)}>{label({ id: f.to })}</button> {[f.outcome?.toLowerCase(), f.effect?.toLowerCase(), f.match?.toLowerCase(), f.role, f.join].filter(Boolean).join(", ")}
          </li>
        ))}
      </ul>
    </>
  );
}

function Elsewhere({ id, update }: { id: string; update: Update }) {
  return (
    <>
      <p>This is not in the picture: it lies outside its window, filters or bounds.</p>
      <button onClick={() => update({ of: [id], selected: "", open: {}, pins: {}, hidden: [] })}>investigate it</button>
    </>
  );
}

function pretty(json: string): string {
  try { return JSON.stringify(JSON.parse(json), null, 2); } catch { return json; }
}
