// What the copy menu copies: link, summary, and the same question for other tools.

import { print, type DocumentNode } from "graphql";
import { visible } from "./show";
import { href, type State } from "./url";

/** The state with its window made absolute and its ledger number fixed: a colleague sees the same. */
export function fixed(s: State, resolved: { from?: string | null; to?: string | null } | undefined, asOf: number): State {
  return { ...s, from: resolved?.from ?? s.from, to: resolved?.to ?? s.to, last: resolved ? "" : s.last, until: resolved ? "" : s.until, asOf: s.asOf || asOf };
}

export const link = async (s: State): Promise<string> => location.origin + (await href(s));

export function toGraphQL(doc: DocumentNode, variables: unknown): string {
  return `${print(doc)}\n# variables\n${JSON.stringify(variables, null, 2).replace(/^/gm, "# ")}\n`;
}

const quote = (s: string) => `'${s.replaceAll("'", `'\\''`)}'`;

export function toCurl(doc: DocumentNode, variables: unknown): string {
  return `curl -s ${quote(location.origin + "/graphql")} -H 'Content-Type: application/json' --data-binary ${quote(JSON.stringify({ query: print(doc), variables }))}`;
}

export function toCLI(s: State): string {
  const time = s.from || s.to ? [s.from && `--from ${s.from}`, s.to && `--to ${s.to}`] : [`--last ${s.last}`, s.until && `--until ${s.until}`];
  return ["blastradius touched", ...s.of.map(quote), ...time, s.who !== "NHI" && `--who ${s.who.toLowerCase()}`, s.match !== "DERIVED" && `--match ${s.match.toLowerCase()}`,
    s.asOf > 0 && `--as-of ${s.asOf}`, `--server ${location.origin}`].filter(Boolean).join(" ");
}

/** For the incident channel. Names are made inert: no mark-up, no links, no mentions. */
export function toMarkdown(lines: string[], url: string): string {
  const inert = (t: string) => visible(t).replace(/[\\`*_{}[\]<>()#+!|~@]/g, (c) => "\\" + c);
  return lines.map((l, i) => (i ? `- ${inert(l)}` : `**${inert(l)}**`)).join("\n") + `\n\n${url}\n`;
}

export async function toClipboard(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no permission, or not a secure context
    const area = Object.assign(document.createElement("textarea"), { value: text });
    area.className = "hush";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
