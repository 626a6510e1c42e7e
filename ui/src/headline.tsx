// The answer in a sentence or two, before anything is drawn.

import { useQuery } from "urql";
import type { useHeadline } from "./data";
import { FarDocument, type FarQuery, type PictureQuery, type SuspectsQuery, type TouchedQuery } from "./gql";
import { clock, count, label, outcomes, plural, span, visible } from "./show";
import { windowOf } from "./state";
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

/** Asks how far the first suspect got. */
export function useFar(s: Suspects | undefined, state: State): FarQuery["reach"] | undefined {
  const from = s?.candidates.find((c) => c.named)?.actor.id;
  const [q] = useQuery({ query: FarDocument, pause: !from, variables: { from: from ?? "", window: windowOf(state), asOf: state.asOf || null } });
  return from ? q.data?.reach : undefined;
}

/** How far it went, in one sentence; undefined where that is not known. */
export function far(f: FarQuery["reach"] | undefined): string | undefined {
  if (!f || !f.total.byMark.length) return undefined;
  return `From there ${f.truncated ? "at least " : ""}${f.total.byMark.map((m) => `${count(m.count)} ${m.name.toLowerCase()}`).join(", ")}${f.total.byAccount.length ? ` in ${plural(f.total.byAccount.length, "account")}` : ""}${f.total.possible ? `; ${count(f.total.possible)} of them only possibly` : ""}`;
}

/** The sentences of the headline; the copied summary says the same. */
export function sentences(t: Touched | undefined, p: Picture | undefined, s?: Suspects): string[] {
  if (!t) return p ? [`${p.of.map((n) => label(n)).join(", ")}: ${plural(p.shown.nodes - 1, "node")} around it`] : [];
  const name = t.resources.map((r) => label(r.node)).join(", ");
  const all = t.identities.flatMap((i) => i.calls.map((c) => ({ who: i, c }))).sort((a, b) => ((a.c.first ?? "") < (b.c.first ?? "") ? -1 : 1));
  const gone = all.find((d) => d.c.outcome === "OK" && d.c.effect === "DELETE");
  const failed = all.filter((d) => outcomes[d.c.outcome]!.bad);
  const what = gone ? `${name} was deleted at ${clock(gone.c.first)}` : failed.length ? `${name}: calls fail from ${clock(failed[0]!.c.first)}` : name;
  const length = t.window.from && t.window.to ? ` in the ${span(Date.parse(t.window.to) - Date.parse(t.window.from))} to ${clock(t.window.to, (gone ?? failed[0])?.c.first)}` : "";
  const out = [`${what} · ${plural(t.total.identities, "identity", "identities")} touched it${length}, with ${plural(t.total.calls, "call")}`];
  const named = s?.candidates.find((c) => c.named); // told already
  const agents = t.identities.flatMap((i) => i.via.filter((v) => v.kind === "AGENT" && !(named?.agent?.split(":")[1] === v.tool && i.identity.id === named?.identity.id)).map((v) => ({ who: i, v })));
  for (const a of agents.slice(0, 2)) out.push(`AI agent ${visible(a.v.tool)} as ${label(a.who.identity)} (${plural(a.v.calls, "call")}; ${a.v.evidence.map(visible).join(", ")})`);
  const deeds = all.filter((d) => d.c.outcome === "OK" && ["DELETE", "GRANT", "CREATE"].includes(d.c.effect ?? ""));
  if (deeds.length) out.push(deeds.slice(0, 3).map((d) => `${clock(d.c.first, t.window.to)} ${visible(d.c.action)} by ${label(d.who.identity)}`).join("; "));
  if (failed.length) out.push(`${plural(failed.reduce((n, d) => n + d.c.count, 0), "call")} did not succeed, the first at ${clock(failed[0]!.c.first, t.window.to)}`);
  return out;
}

export function Headline({ title, head, picture, suspects, reached, failed, state }: {
  title: string; head: ReturnType<typeof useHeadline>; picture: Picture | undefined; suspects: Suspects | undefined; reached: FarQuery["reach"] | undefined; failed: boolean; state: State;
}) {
  const [first, ...rest] = sentences(head.touched, picture, suspects);
  const went = far(reached);
  if (went) rest.unshift(went);
  const who = likely(suspects);
  return (
    <section className={head.stale ? "headline refreshing" : "headline"} aria-label="Answer" aria-busy={head.stale}>
      <h1>{first ?? (failed ? `No answer about ${title}` : `Reading what touched ${title}…`)}</h1>
      {suspects && <p className="likely">{who ? <><b>Likely:</b> {who}</> : <>Nobody is named as the likely cause.</>}</p>}
      {rest.length > 0 && <ul>{rest.map((r) => <li key={r}>{r}</li>)}</ul>}
      {state.brushFrom && <p className="quiet">for the brushed part of the window</p>}
    </section>
  );
}
