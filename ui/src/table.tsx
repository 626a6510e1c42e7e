// The graph as two tables: all that is drawn, in words.

import { useState } from "react";
import { joins, passes, type Model } from "./model";
import { clock, count, kinds, label, outcomes, plural, visible } from "./show";
import type { State } from "./url";
import type { Said } from "./graph/flow";

const PAGE = 500;

export function Table({ model, state, said, near, onSelect, onOpen }: { model: Model; state: State; said: Said; near: string; onSelect(id: string): void; onOpen(group: string): void }) {
  const [shown, setShown] = useState(PAGE);
  const nodes = [...model.nodes.values()].filter((n) => passes(n, state));
  const on = new Set(nodes.map((n) => n.node.id));
  const edges = [...model.edges.values()].filter((e) => on.has(e.from) && on.has(e.to) && joins(e, state));
  const most = Math.max(nodes.length, edges.length);
  const name = (id: string) => { const n = model.nodes.get(id); return n ? label({ ...n.node, tool: n.tool }) : visible(id); };
  return (
    <div className="scroll tables" tabIndex={0} aria-label="The graph as tables">
      <table>
        <caption>{plural(nodes.length, "node")}</caption>
        <thead><tr><th>first touch</th><th>kind</th><th>name</th><th>what is said of it</th><th>account</th><th>calls</th><th>worst outcome</th><th>id</th></tr></thead>
        <tbody>
          {nodes.slice(0, shown).map((n) => {
            const id = n.node.id, mark = said.marks.get(id);
            return (
              <tr key={id} data-id={id} className={said.lit.has(id) ? "lit" : undefined}>
                <td>{clock(n.first, near)}</td>
                <td>{kinds[n.node.kind]!.glyph} {kinds[n.node.kind]!.word}</td>
                <td><button className="link" onClick={() => onSelect(id)}>{name(id)}</button></td>
                <td>{[n.asked && "asked about", said.ranks.has(id) && `suspect ${said.ranks.get(id)}`, mark && `${mark.mark.toLowerCase()}${mark.certainty === "POSSIBLE" ? " (possible)" : ""}`, said.lit.has(id) && "lit", n.node.class && (n.node.class === "NHI" ? "non-human" : n.node.class.toLowerCase())].filter(Boolean).join(", ")}</td>
                <td>{visible(n.node.account)}</td>
                <td className="n">{count(n.calls)}</td>
                <td>{n.worst ? `${outcomes[n.worst]!.mark} ${outcomes[n.worst]!.word}` : ""}</td>
                <td className="mono" title={visible(id)}>{visible(id)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {model.groups.length > 0 && (
        <table>
          <caption>{plural(model.groups.length, "group")} of siblings</caption>
          <thead><tr><th>how many more</th><th>kind</th><th>hang on</th><th>account</th><th>worst outcome</th></tr></thead>
          <tbody>
            {model.groups.map((g) => (
              <tr key={g.id} data-group={g.id}>
                <td><button className="link" onClick={() => onOpen(g.id)}>+{count(g.count - (model.opened.get(g.id) ?? 0))} more</button></td>
                <td>{kinds[g.kind]!.glyph} {kinds[g.kind]!.word}</td><td>{name(g.hub)}</td><td>{visible(g.account)}</td><td>{g.worst ? outcomes[g.worst]!.word : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <table>
        <caption>{plural(edges.length, "edge")}</caption>
        <thead><tr><th>first</th><th>last</th><th>from</th><th>how</th><th>to</th><th>calls</th><th>outcomes</th><th>certainty</th></tr></thead>
        <tbody>
          {edges.slice(0, shown).map((e) => (
            <tr key={e.id} data-edge={e.id} className={said.litEdges.has(`${e.from}|${e.to}`) ? "lit" : undefined}>
              <td>{clock(e.first, near)}</td>
              <td>{clock(e.last, near)}</td>
              <td><button className="link" onClick={() => onSelect(e.from)}>{name(e.from)}</button></td>
              <td>{e.kind.toLowerCase().replace("_", " ")} {visible(e.labels.slice(0, 3).join(", "))}{e.labels.length > 3 ? ` +${e.labels.length - 3}` : ""}</td>
              <td><button className="link" onClick={() => onSelect(e.to)}>{name(e.to)}</button></td>
              <td className="n">{count(e.calls)}</td>
              <td>{e.outcomes.map((o) => `${count(o.count)} ${outcomes[o.outcome]!.word}`).join(", ")}</td>
              <td>{e.certainty.toLowerCase()}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {most > shown && <p><button onClick={() => setShown(shown + 4 * PAGE)}>{count(most - shown)} more rows</button></p>}
    </div>
  );
}
