import { expect, test } from "vitest";
import { toCSV, toSVG, type Sheet } from "../src/export";
import { toMarkdown } from "../src/copy";
import { clock, label, span, visible, kinds, outcomes } from "../src/show";
import { exportViews, importViews } from "../src/views";
import { stale } from "../src/words";

test("what cannot be seen is made visible", () => {
  expect(visible("a\u202eb\u0000c\u200b\u2028")).toBe("a\\u202Eb\\u0000c\\u200B\\u2028");
  expect(visible("<img onerror=x> ünïcode 名前 ✖")).toBe("<img onerror=x> ünïcode 名前 ✖");
});

test("labels tell the end that tells things apart", () => {
  expect(label({ id: "arn:aws:iam::1:role/path/deploy-admin" })).toBe("deploy-admin");
  expect(label({ id: "aws:key:ASIAX", kind: "CREDENTIAL" })).toBe("ASIAX");
  expect(label({ id: "aws:session:AROAX:mira@2026-11-22T13:29:40Z" })).toBe("mira");
  expect(label({ id: "agent:claude-code:aws:key:X:3f", kind: "AGENT", tool: "claude-code" })).toBe("claude-code");
  expect(label({ id: "x", name: "\u202egnp" })).toBe("\\u202Egnp");
});

test("times and spans", () => {
  expect(clock("2026-11-22T13:41:38.250Z", "2026-11-22T14:02:00Z")).toBe("13:41:38Z");
  expect(clock("2026-11-21T13:41:38Z", "2026-11-22T14:02:00Z")).toBe("2026-11-21 13:41:38Z");
  expect([0, 59_000, 61_000, 4 * 3600_000, 5.5 * 3600_000, 50 * 3600_000].map(span)).toEqual(["0 s", "59 s", "1 min 1 s", "4 h", "5 h 30 min", "2 d"]);
});

test("legend entries differ in shape and in word", () => {
  const drawn = Object.values(kinds);
  expect(new Set(drawn.map((k) => k.glyph)).size).toBe(drawn.length);
  expect(new Set(drawn.map((k) => k.word)).size).toBe(drawn.length);
  expect(new Set(Object.values(outcomes).map((o) => o.word)).size).toBe(Object.keys(outcomes).length);
});

const node = (id: string) => ({ node: { id, kind: "RESOURCE", type: "t", name: "", account: "1", class: null, classReason: "" }, tool: "", asked: false, first: null, last: null, calls: 0, worst: "FAULT" }) as Sheet["nodes"][number];
const sheet: Sheet = {
  title: "<b>t</b>", from: "2026-11-22T10:02:00Z", to: "2026-11-22T14:02:00Z", asOf: 29, cut: "cut at 300 nodes", nodes: [node("<script>x</script>"), node("=cmd|' /C calc'!A0")],
  edges: [{ id: "e", from: "=cmd|' /C calc'!A0", to: "<script>x</script>", kind: "CALLED", labels: ["s3:PutObject"], effect: "CHANGE", calls: 2, outcomes: [{ outcome: "OK", count: 2 }], first: null, last: null, certainty: "DEFINITE", agent: null, evidence: ["e1"] }],
  at: new Map([["<script>x</script>", { x: 0, y: 0 }], ["=cmd|' /C calc'!A0", { x: 300, y: 0 }]]), lit: new Set(), litEdges: new Set(),
};

test("SVG holds each node, what was cut, and nothing that runs", () => {
  const doc = new DOMParser().parseFromString(toSVG(sheet), "image/svg+xml");
  expect(doc.querySelectorAll("g.node").length).toBe(2);
  expect(doc.querySelectorAll("script, parsererror").length).toBe(0);
  expect(doc.documentElement.textContent).toContain("2026-11-22T10:02:00Z to 2026-11-22T14:02:00Z UTC · as of ledger 29 · 2 nodes, 1 edges · cut at 300 nodes");
});

test("CSV runs in no spreadsheet", () => expect(toCSV(sheet).split("\r\n")[1]).toMatch(/^"'=cmd/));

test("Markdown is inert", () => {
  expect(toMarkdown(["[x](http://evil) <@here>", "*b* `c`"], "http://127.0.0.1/i")).toBe("**\\[x\\]\\(http://evil\\) \\<\\@here\\>**\n- \\*b\\* \\`c\\`\n\nhttp://127.0.0.1/i\n");
});

test("views come back from their file; what is no such file is refused", () => {
  const views = [{ name: "INC-231", path: "/i?of=x", saved: "2026-11-22T14:02:00Z" }];
  expect(importViews(exportViews(views), [{ ...views[0]!, path: "/i?of=old" }])).toEqual(views);
  expect(() => importViews("{", [])).toThrow("no JSON");
  expect(() => importViews("{}", [])).toThrow("this version");
  expect(() => importViews('{"blastradiusViews":1,"views":[{"name":"x","path":"javascript:alert(1)"}]}', [])).toThrow("leads elsewhere");
});

test("a source is stale when it lags behind", () => {
  expect(stale({ sources: [{ name: "a", lastEvent: "2026-11-22T14:00:00Z" }, { name: "b", lastEvent: "2026-11-22T13:00:00Z" }, { name: "c", lastEvent: null }] }, "2026-11-22T14:02:00Z")).toEqual([{ name: "b", behind: 62 * 60_000 }]);
});
