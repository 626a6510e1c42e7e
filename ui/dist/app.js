import { ask, element, named, token } from "./client.js";

const $ = (id) => document.getElementById(id);
const day = (t) => t ? t.replace("T", " ") : "";
const few = (list, n) => list.length > n ? list.slice(0, n).join(", ") + ` and ${list.length - n} more` : list.join(", ");
const plural = (n, one, many) => `${n} ${n === 1 ? one : many}`;
let asking; // the request under way

// The address is the state: a copied link asks the same again.
function fromAddress() {
  const q = new URLSearchParams(location.search);
  $("resource").value = q.get("resource") || q.get("resources") || "";
  if (q.get("last")) $("last").value = q.get("last");
  $("until").value = q.get("until") || "";
  for (const name of ["who", "match"]) if (q.get(name)) $(name).value = q.get(name);
  const variables = { resources: [$("resource").value], who: $("who").value, match: $("match").value };
  variables.window = q.get("from") && q.get("to")
    ? { from: q.get("from"), to: q.get("to") }
    : { last: $("last").value, ...($("until").value ? { until: $("until").value } : {}) };
  if (q.get("asOf")) variables.asOf = Number(q.get("asOf"));
  return $("resource").value ? variables : null;
}

function toAddress() {
  const q = new URLSearchParams({ resource: $("resource").value, last: $("last").value, who: $("who").value, match: $("match").value });
  if ($("until").value) q.set("until", $("until").value);
  history.pushState(null, "", "/?" + q);
}

async function run() {
  const variables = fromAddress();
  $("answer").replaceChildren();
  $("foot").replaceChildren();
  $("headline").textContent = "";
  if (!variables) return;
  $("headline").textContent = "asking…";
  asking?.abort();
  const mine = asking = new AbortController();
  const query = await named("touched");
  const { data, errors } = await ask(query, variables, mine.signal);
  if (mine !== asking) return;
  if (errors) {
    const e = errors[0];
    $("headline").textContent = "";
    $("answer").append(element("p", { class: "note error", role: "alert" },
      `${e.message} (${e.extensions?.code || "INTERNAL"})`, e.extensions?.hint ? ` — ${e.extensions.hint}` : ""));
    if (e.extensions?.code === "UNAUTHORIZED") { $("tokenLabel").hidden = false; $("token").focus(); }
    return;
  }
  show(data.touched, query, variables);
}

function show(a, query, variables) {
  const names = few(a.resources.map((r) => r.node.id), 3);
  $("headline").replaceChildren(element("span", {}, a.total.calls
    ? `${plural(a.total.identities, "identity", "identities")} touched ${names} with ${plural(a.total.calls, "call", "calls")}, ${day(a.window.from)} to ${day(a.window.to)}`
    : `Nobody that was asked about is seen touching ${names}, ${day(a.window.from)} to ${day(a.window.to)}`));
  const out = $("answer");
  if (!a.coverage.complete || a.truncated) {
    out.append(element("p", { class: "note" }, "Incomplete: " + [...a.coverage.reasons, ...(a.truncated ? [`cut at ${a.truncated.limit} ${a.truncated.value}`] : [])].join("; ")));
  }
  for (const n of a.notes) out.append(element("p", { class: "note" }, n));
  if (a.coverage.suggestUntil) out.append(element("p", { class: "note" }, `The window lies after the newest event; try up to ${a.coverage.suggestUntil}`));
  for (const line of agents(a)) out.append(element("p", { class: "note agent" }, line));
  const asked = new Set(a.resources.flatMap((r) => [r.node.id, ...r.ids]));
  for (const t of a.identities) out.append(identity(t, asked));
  const left = [];
  if (a.excluded.humanCalls) left.push(`${plural(a.excluded.humanCalls, "call", "calls")} by people`);
  if (a.excluded.nonHumanCalls) left.push(`${plural(a.excluded.nonHumanCalls, "call", "calls")} by others`);
  if (a.excluded.probes) left.push(plural(a.excluded.probes, "probe", "probes"));
  $("foot").append(left.length ? `Left out: ${left.join(", ")}. ` : "",
    `${plural(a.coverage.unjoinedSessions, "session or key", "sessions or keys")} came from an issuer that is not in the data. As of ledger number ${a.asOf}. `,
    element("a", { href: "/graphql?" + new URLSearchParams({ query, variables: JSON.stringify(variables) }) }, "raw JSON"));
}

// One line for each AI agent that took part, with the identities it acted as.
function agents(a) {
  const as = new Map();
  for (const t of a.identities) for (const v of t.via) if (v.kind === "AGENT") {
    const known = as.get(v.tool) || { evidence: new Set(), who: [] };
    v.evidence.forEach((e) => known.evidence.add(e));
    known.who.push(`${t.identity.id} (${plural(v.calls, "call", "calls")})`);
    as.set(v.tool, known);
  }
  return [...as].map(([tool, { evidence, who }]) => `An AI agent took part: ${tool}, acting as ${who.join(" and ")}; evidence ${[...evidence].join(", ")}`);
}

function identity(t, asked) {
  const inside = t.via.filter((v) => v.kind === "AGENT").map((v) => `${v.tool} (${v.evidence.join(", ")}, ${plural(v.calls, "call", "calls")})`);
  const facts = [
    ["class", `${t.identity.class}: ${t.identity.classReason}`],
    ["AI agent", inside.join("; ")],
    ["through", few(t.via.filter((v) => v.kind !== "AGENT").map((v) => `${v.id} (${v.calls})`), 6)],
    ["credentials", few(t.credentials.map((c) => `${c.id} (${c.calls})`), 6)],
    ["origin", few(t.origins.map((o) => o.known ? `${o.of} came from ${o.node}${o.certainty === "POSSIBLE" ? ", possibly" : ""}` : `${o.of}: unknown, ${o.reason}`), 6)],
  ].filter(([, value]) => value);
  // The target is only worth a column where it is not what was asked for.
  const other = t.calls.some((c) => !asked.has(c.target));
  const tools = new Map(t.via.filter((v) => v.kind === "AGENT").map((v) => [v.id, v.tool]));
  const through = (c) => [tools.get(c.agent), c.service || c.client].filter(Boolean).join(", ");
  const head = ["action", "effect", "outcome", "calls", "first", "last", "match", ...(other ? ["target"] : []), "through", "who", "evidence"];
  const cell = (text, kind) => element("td", kind ? { class: kind } : {}, text);
  return element("section", {},
    element("h2", {}, t.identity.id, " ", element("span", { class: "muted" }, plural(t.total, "call", "calls"))),
    element("div", { class: "scroll" }, element("table", {}, element("tbody", {},
      ...facts.map(([name, value]) => element("tr", name === "AI agent" ? { class: "agent" } : {}, element("th", { scope: "row" }, name), element("td", {}, value)))))),
    element("div", { class: "scroll" }, element("table", {},
      element("thead", {}, element("tr", {}, ...head.map((h) => element("th", { scope: "col" }, h)))),
      element("tbody", {}, ...t.calls.map((c) => element("tr", {},
        ...[c.action, c.effect, c.outcome].map((x) => cell(x, "w")), cell(c.count, "n"),
        ...[day(c.first), day(c.last), c.match].map((x) => cell(x, "w")), ...(other ? [cell(c.target)] : []), cell(through(c)), cell(c.who, "w"),
        cell(c.evidence.slice(0, 1).join("") + (c.evidenceTotal > 1 ? ` and ${c.evidenceTotal - 1} more` : ""))))))));
}

$("token").value = token.load();
$("ask").addEventListener("submit", (e) => {
  e.preventDefault();
  token.save($("token").value);
  toAddress();
  run();
});
document.addEventListener("keydown", (e) => {
  if (e.key === "/" && !["INPUT", "TEXTAREA", "SELECT"].includes(document.activeElement.tagName)) { e.preventDefault(); $("resource").focus(); }
});
addEventListener("popstate", run);
run();
