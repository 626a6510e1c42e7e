import { ask, element, named, token } from "./client.js";

const $ = (id) => document.getElementById(id);
const examples = {
  touched: { resources: ["arn:…"], window: { last: "4h" } },
};

async function fill() {
  const text = await named($("document").value);
  $("query").value = text;
  $("variables").value = JSON.stringify(examples[$("document").value] || {}, null, 2);
}

async function run() {
  token.save($("token").value);
  let variables;
  try {
    variables = JSON.parse($("variables").value || "{}");
  } catch (err) {
    $("status").textContent = "variables are no JSON: " + err.message;
    return;
  }
  $("status").textContent = "asking…";
  const start = performance.now();
  const answer = await ask($("query").value, variables);
  $("status").textContent = `${answer.errors ? "answered with errors" : "answered"} in ${Math.round(performance.now() - start)} ms`;
  $("result").textContent = JSON.stringify(answer, null, 2);
}

$("token").value = token.load();
const list = await (await fetch("/documents")).json();
$("document").append(...list.map((name) => element("option", { value: name }, name)));
$("document").addEventListener("change", fill);
$("run").addEventListener("submit", (e) => { e.preventDefault(); run(); });
document.addEventListener("keydown", (e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); run(); } });
$("document").value = "touched";
await fill();
