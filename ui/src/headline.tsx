// The answer in a sentence or two, before anything is drawn.

import type { useHeadline } from "./data";
import type { PictureQuery, SuspectsQuery, TouchedQuery } from "./gql";
import { clock, label, outcomes, plural, visible } from "./show";
import type { State } from "./url";

type Touched = TouchedQuery["touched"];
type Picture = PictureQuery["picture"];
type Suspects = SuspectsQuery["suspects"];

/** The likely culprit and the way to what it did, in one sentence; undefined where nobody is named. */
export function likely(s: Suspects | undefined): string | undefined {
  const c = s?.candidates.find((x) => x.named);
  if (!c) return undefined;
  const issuers = c.chain.filter((h) => h.kind === "ISSUED").map((h) => label({ id: h.from, kind: h.from.startsWith("aws:key:") ? "CREDENTIAL" : "" })).reverse();
  const way = [...issuers, label(c.actor), label(c.identity)].filter((x, i, all) => all.indexOf(x) === i);
  return `${c.agent ? `AI agent ${visible(c.agent.split(":")[1] ?? "")} through ` : ""}${way.join(" → ")}: ${visible(c.why)}`;
}

/** The sentences of the headline; the copied summary says the same. */
export function sentences(t: Touched | undefined, p: Picture | undefined): string[] {
  if (!t) return p ? [`${p.of.map((n) => label(n)).join(", ")}: ${plural(p.shown.nodes - 1, "node")} around it`] : [];
  const out = [`${plural(t.total.identities, "identity", "identities")} touched ${t.resources.map((r) => label(r.node)).join(", ")} between ${clock(t.window.from)} and ${clock(t.window.to, t.window.from)} UTC with ${plural(t.total.calls, "call")}`];
  const agents = t.identities.flatMap((i) => i.via.filter((v) => v.kind === "AGENT").map((v) => ({ who: i, v })));
  for (const a of agents.slice(0, 2)) out.push(`AI agent ${visible(a.v.tool)} acted as ${label(a.who.identity)} (${plural(a.v.calls, "call")}; evidence ${a.v.evidence.join(", ")})`);
  const deeds = t.identities.flatMap((i) => i.calls.filter((c) => c.outcome === "OK" && ["DELETE", "GRANT", "CREATE"].includes(c.effect ?? "")).map((c) => ({ who: i, c }))).sort((a, b) => ((a.c.first ?? "") < (b.c.first ?? "") ? -1 : 1));
  if (deeds.length) out.push(deeds.slice(0, 3).map((d) => `${clock(d.c.first, t.window.to)} ${visible(d.c.action)} by ${label(d.who.identity)}`).join("; "));
  const failed = t.identities.flatMap((i) => i.calls).filter((c) => outcomes[c.outcome]!.bad);
  const first = failed.map((c) => c.first ?? "").sort()[0];
  if (first) out.push(`${plural(failed.reduce((n, c) => n + c.count, 0), "call")} did not succeed, the first at ${clock(first, t.window.to)}`);
  return out;
}

export function Headline({ title, head, picture, suspects, state }: { title: string; head: ReturnType<typeof useHeadline>; picture: Picture | undefined; suspects: Suspects | undefined; state: State }) {
  const [first, ...rest] = sentences(head.touched, picture);
  const who = likely(suspects);
  return (
    <section className={head.stale ? "headline refreshing" : "headline"} aria-label="Answer" aria-busy={head.stale}>
      <h1>{first ?? `Reading what touched ${title}…`}</h1>
      {suspects && <p className="likely">{who ? <><b>Likely:</b> {who}</> : <>Nobody is named as the likely cause.</>}</p>}
      {rest.length > 0 && <ul>{rest.map((r) => <li key={r}>{r}</li>)}</ul>}
      {state.brushFrom && <p className="quiet">for the brushed part of the window</p>}
    </section>
  );
}
