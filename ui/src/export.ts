// Files to take away: SVG from the model, PNG from the SVG, JSON and CSV of what
// is drawn. Each says window, ledger number and what was cut.

import { CARD, type Place } from "./lanes";
import type { Drawn, Joined } from "./model";
import { kinds, label, outcomes, visible } from "./show";

export interface Sheet {
  title: string;
  from: string;
  to: string;
  asOf: number;
  cut: string; // what was cut; empty: nothing
  nodes: Drawn[];
  edges: Joined[];
  at: Map<string, Place>;
  lit: Set<string>;
  litEdges: Set<string>;
}

const esc = (s: string) => visible(s).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);
const clip = (s: string, n: number) => (s.length > n ? s.slice(0, n - 1) + "…" : s);

export function toSVG(s: Sheet): string {
  const placed = s.nodes.filter((n) => s.at.has(n.node.id));
  const xs = placed.map((n) => s.at.get(n.node.id)!.x), ys = placed.map((n) => s.at.get(n.node.id)!.y);
  const left = Math.min(0, ...xs) - 24, top = Math.min(0, ...ys) - 70;
  const width = Math.max(480, Math.max(0, ...xs) + CARD.width + 24 - left), height = Math.max(0, ...ys) + CARD.height + 24 - top;
  const mid = (id: string, right: boolean) => { const p = s.at.get(id)!; return [p.x + (right ? CARD.width : 0), p.y + CARD.height / 2] as const; };
  const lines = s.edges.filter((e) => s.at.has(e.from) && s.at.has(e.to)).map((e) => {
    const [x1, y1] = mid(e.from, true), [x2, y2] = mid(e.to, false), bend = Math.max(30, Math.abs(x2 - x1) / 2);
    const lit = s.litEdges.has(`${e.from}|${e.to}`);
    return `<path d="M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}" fill="none" stroke="${lit ? "#b8420f" : "#8a97a6"}" stroke-width="${lit ? 2.5 : 1}"${e.certainty === "POSSIBLE" ? ' stroke-dasharray="6 4"' : ""}/>`;
  });
  const cards = placed.map((n) => {
    const p = s.at.get(n.node.id)!, lit = s.lit.has(n.node.id), bad = n.worst && outcomes[n.worst]!.bad;
    return `<g class="node" data-id="${esc(n.node.id)}" transform="translate(${p.x},${p.y})"><rect width="${CARD.width}" height="${CARD.height}" rx="6" fill="#fff" stroke="${lit ? "#b8420f" : "#5c6b7a"}" stroke-width="${lit ? 2.5 : 1}"/>` +
      `<text x="10" y="19" font-size="13" fill="#12202f">${esc(kinds[n.node.kind]!.glyph)} ${esc(clip(label({ ...n.node, tool: n.tool }), 20))}</text>` +
      `<text x="10" y="36" font-size="10.5" fill="#44515e">${esc(kinds[n.node.kind]!.word)}${n.node.account ? ` · ${esc(n.node.account)}` : ""}</text>` +
      (bad ? `<text x="${CARD.width - 10}" y="19" font-size="13" fill="#a61b1b" text-anchor="end">${outcomes[n.worst!]!.mark}</text>` : "") + "</g>";
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} ${top} ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif">` +
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="#f7f9fb"/>` +
    `<text x="${left + 24}" y="${top + 26}" font-size="15" font-weight="600" fill="#12202f">${esc(s.title)}</text>` +
    `<text x="${left + 24}" y="${top + 46}" font-size="11" fill="#44515e">${esc(footer(s))}</text>${lines.join("")}${cards.join("")}</svg>`;
}

/** What every export says of itself. */
export const footer = (s: Sheet) => `${s.from} to ${s.to} UTC · as of ledger ${s.asOf} · ${s.nodes.length} nodes, ${s.edges.length} edges · ${s.cut || "nothing cut"}`;

export async function toPNG(s: Sheet): Promise<Blob> {
  const svg = toSVG(s);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const scale = Math.min(2, 8000 / image.width, 8000 / image.height);
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width * scale, height: image.height * scale });
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done, fail) => canvas.toBlob((b) => (b ? done(b) : fail(new Error("The picture is too large for a PNG."))), "image/png"));
}

export function toJSON(s: Sheet): string {
  return JSON.stringify({ title: s.title, window: { from: s.from, to: s.to }, asOf: s.asOf, cut: s.cut || null, nodes: s.nodes, edges: s.edges }, null, 2);
}

export function toCSV(s: Sheet): string {
  const cell = (v: unknown) => {
    const text = visible(String(v ?? ""));
    return `"${(/^[=+\-@]/.test(text) ? "'" + text : text).replaceAll('"', '""')}"`; // a spreadsheet must not run it
  };
  const rows = s.edges.map((e) => [e.from, e.kind, e.labels.join(" "), e.to, e.calls, e.outcomes.map((o) => `${o.outcome}:${o.count}`).join(" "), e.first, e.last, e.certainty, e.evidence.join(" ")]);
  return [["from", "kind", "labels", "to", "calls", "outcomes", "first", "last", "certainty", "evidence"], ...rows].map((r) => r.map(cell).join(",")).join("\r\n") + "\r\n";
}

export function download(name: string, content: Blob | string, type = "text/plain"): void {
  const url = URL.createObjectURL(typeof content === "string" ? new Blob([content], { type }) : content);
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
