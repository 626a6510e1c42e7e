// The acceptance checks of the incident screen. Figures are printed.

import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Browser, Page } from "playwright-core";
import { ask, figure, frames, launch, open, run, serve, type Server } from "./harness";
import { CULPRIT_KEY, DECOY_KEY, hostile, incident, later, path, world, write } from "./worlds";

let browser: Browser;
const servers = new Map<string, Promise<Server>>();

/** One server a world for the whole run. */
function of(name: string, make: () => Promise<Server>): Promise<Server> {
  if (!servers.has(name)) servers.set(name, make());
  return servers.get(name)!;
}
const demo = () => of("demo", () => serve("demo"));
const roles = (n: number) => of(`roles-${n}`, () => world(incident(n)));
const DEMO = "/i?of=billing-ledger";

// How many roles make a picture of exactly 300, 500 and 20,000 nodes: two for
// each, and eight of the incident.
const [LEGIBLE, CROWDED, OVERVIEW] = [146, 246, 9_996];

beforeAll(async () => { browser = await launch(); });
afterAll(async () => {
  await browser?.close();
  for (const s of servers.values()) await (await s).stop();
});

/** Shows the whole picture: what is tested with the mouse must be in sight. */
const fit = async (page: Page) => {
  await page.click(".react-flow__controls-fitview");
  await page.waitForTimeout(100);
};
const ready = (page: Page) => page.waitForSelector('.flow .card[data-lit="true"]');
const lit = (page: Page) => page.$$eval('.flow .card[data-lit="true"]', (all) => all.map((c) => (c as HTMLElement).dataset.id!));
const shown = (page: Page) => page.$$eval(".flow .card[data-id]", (all) => all.map((c) => (c as HTMLElement).dataset.id!).sort());
const place = (page: Page, id: string) => page.$eval(`.react-flow__node[data-id="${id}"]`, (n) => (n as HTMLElement).style.transform);

describe("acceptance", () => {
  test("1 five seconds: headline, first suspect, lit chain and coverage within 2 s; JavaScript at most 250 kB", async () => {
    const s = await roles(LEGIBLE);
    const times: number[] = [];
    let bytes = 0;
    for (let i = 0; i < 5; i++) {
      const w = await open(browser, s, path());
      await Promise.all([w.page.waitForSelector(".headline .likely"), w.page.waitForSelector(".suspects li"), ready(w.page), w.page.waitForSelector(".coverage")]);
      times.push(performance.now() - w.began);
      expect(await w.page.locator(".flow .card[data-id]").count()).toBe(300);
      expect(await w.page.textContent(".suspects li:first-child")).toContain("deploy");
      expect(await lit(w.page)).toContain(CULPRIT_KEY);
      if (!bytes) {
        const urls = await w.page.$$eval("script[src], link[rel=modulepreload]", (all) => all.map((e) => e.getAttribute("src") ?? e.getAttribute("href")!));
        for (const u of urls) bytes += gzipSync(readFileSync(`dist${u}`)).length;
      }
      await w.page.context().close();
    }
    const p95 = Math.max(...times);
    figure("300 cards, first answer of five, ms", times.map(Math.round).join(", "));
    figure("JavaScript, kB gz", bytes / 1000);
    expect(bytes).toBeLessThanOrEqual(250_000);
    expect(p95).toBeLessThanOrEqual(2000 * slack());
  });

  test("2 permalink: a colleague sees the same, and how much is newer", async () => {
    const s = await of("permalink", () => world(incident(200)));
    const a = await open(browser, s, path(), { permissions: ["clipboard-read", "clipboard-write"] });
    await ready(a.page);
    await a.page.locator(".react-flow__node-group-card").first().focus();
    await a.page.keyboard.press("Enter");
    await a.page.waitForFunction(() => document.querySelectorAll(".flow .card[data-id]").length > 20);
    await a.page.click(".filters summary");
    await a.page.check('.filters label:has-text("credential") input');
    await a.page.check('.filters label:has-text("identity") input');
    await a.page.click(".filters summary");
    await a.page.locator(`.react-flow__node[data-id="${CULPRIT_KEY}"]`).focus();
    await a.page.keyboard.press("Enter");
    await a.page.click('[data-key="pin"]');
    await a.page.locator('.handle[aria-label^="Start"]').focus();
    for (let i = 0; i < 4; i++) await a.page.keyboard.press("PageUp");
    await a.page.keyboard.press("Escape");
    const [ids, pin, win] = [await shown(a.page), await place(a.page, CULPRIT_KEY), await a.page.textContent(".scale")];
    await a.page.keyboard.press("c");
    await a.page.waitForSelector(".toast:has-text('Copied')");
    const url = await a.page.evaluate(() => navigator.clipboard.readText());
    expect(url).toContain("asOf=");
    await a.page.context().close();

    const look = async () => {
      const b = await open(browser, s, url.slice(s.url.length));
      await b.page.waitForFunction((n) => document.querySelectorAll(".flow .card[data-id]").length === n, ids.length);
      expect(await shown(b.page)).toEqual(ids);
      expect(await place(b.page, CULPRIT_KEY)).toBe(pin);
      expect(await b.page.textContent(".scale")).toBe(win);
      return b;
    };
    await (await look()).page.context().close();
    await s.stop();
    await run("ingest", write(later(1000)), "--store", s.store);
    const again = await serve("serve", "--store", s.store);
    servers.set("permalink", Promise.resolve(again));
    const b = await open(browser, again, url.slice(s.url.length));
    await b.page.waitForFunction((n) => document.querySelectorAll(".flow .card[data-id]").length === n, ids.length);
    expect(await shown(b.page)).toEqual(ids);
    expect(await b.page.textContent(".newer")).toContain("1,000");
    await b.page.context().close();
  });

  test("3 time-respecting: lit chains never run back; the decoy is drawn, not lit, and says why", async () => {
    const s = await roles(LEGIBLE);
    const { page } = await open(browser, s, path());
    await ready(page);
    const ids = await lit(page);
    expect(ids).not.toContain(DECOY_KEY);
    expect(await shown(page)).toContain(DECOY_KEY);
    const chain = await page.$$eval(".suspects li:first-child [data-hop]", (all) => all.map((h) => ({ at: (h as HTMLElement).dataset.at!, from: (h as HTMLElement).dataset.from!, to: (h as HTMLElement).dataset.to! })));
    expect(chain.length).toBeGreaterThan(0);
    for (let i = 1; i < chain.length; i++) expect(chain[i]!.at >= chain[i - 1]!.at).toBe(true);
    const x = async (id: string) => Number(/translate\((-?[\d.]+)px/.exec(await place(page, id))![1]);
    for (const h of chain) if (ids.includes(h.from) && ids.includes(h.to)) expect(await x(h.to)).toBeGreaterThanOrEqual(await x(h.from));
    await fit(page);
    await page.click(`.react-flow__node[data-id="${DECOY_KEY}"]`);
    await page.waitForSelector(".drawer .why");
    expect((await page.textContent(".drawer .why"))!.length).toBeGreaterThan(20);
    await page.context().close();
  });

  test("4 brush: mouse and keys give one window; the picture dims at once; counts are the server's", async () => {
    const s = await demo();
    const { page } = await open(browser, s, DEMO);
    await ready(page);
    const box = (await page.locator(".brush svg").boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.5, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + 20, { steps: 8 });
    const late = await page.evaluate(async () => {
      const start = performance.now();
      const before = document.querySelectorAll(".card.dim").length;
      const done = new Promise<number>((r) => { const o = new MutationObserver(() => { if (document.querySelectorAll(".card.dim").length !== before) { o.disconnect(); r(performance.now() - start); } }); o.observe(document.querySelector(".flow")!, { subtree: true, attributes: true, attributeFilter: ["class"] }); });
      const svg = document.querySelector(".brush svg")!;
      const b = svg.getBoundingClientRect();
      svg.dispatchEvent(new PointerEvent("pointerup", { bubbles: true, clientX: b.x + b.width * 0.8, clientY: b.y + 20, pointerId: 1 }));
      return done;
    });
    await page.mouse.up();
    figure("dimming after release, ms", late);
    expect(late).toBeLessThanOrEqual(100 * slack());
    const byMouse = new URL(page.url()).searchParams;
    const [bf, bt] = [byMouse.get("bf")!, byMouse.get("bt")!];
    expect(bf < bt).toBe(true);

    const k = await open(browser, s, DEMO);
    await ready(k.page);
    await k.page.locator('.handle[aria-label^="Start"]').focus();
    while ((new URL(k.page.url()).searchParams.get("bf") ?? "") < bf) await k.page.keyboard.press("ArrowRight");
    await k.page.locator('.handle[aria-label^="End"]').focus();
    while ((new URL(k.page.url()).searchParams.get("bt") ?? "9") > bt) await k.page.keyboard.press("ArrowLeft");
    await k.page.waitForFunction((t) => new URL(location.href).searchParams.get("bt") === t, bt);
    expect(new URL(k.page.url()).searchParams.get("bf")).toBe(bf);
    await k.page.context().close();

    const { touched } = await ask<{ touched: { total: { calls: number; identities: number } } }>(s, "query($w: WindowInput) { touched(resources: [\"billing-ledger\"], window: $w) { total { calls identities } } }", { w: { from: bf, to: bt } });
    await page.waitForFunction((n) => document.querySelector(".headline h1")!.textContent!.includes(`${n} call`), touched.total.calls);
    expect(await page.textContent(".headline h1")).toContain(`${touched.total.identities} identit`);
    const graph = await shown(page);
    await page.keyboard.press("t");
    await page.waitForSelector(".tables");
    expect((await page.$$eval(".tables tr[data-id]", (all) => all.map((r) => (r as HTMLElement).dataset.id!))).sort()).toEqual(graph);
    await page.context().close();
  });

  test("5 replay: a frame at T shows exactly the events up to T; reduced motion steps", async () => {
    const s = await demo();
    const { page } = await open(browser, s, DEMO, { reducedMotion: "reduce" });
    await ready(page);
    await page.click("text=▶ replay");
    await page.waitForTimeout(400);
    expect(new URL(page.url()).searchParams.get("at")).toBe("2026-11-22T10:02:00Z"); // nothing runs
    for (let i = 0; i < 5; i++) await page.click("text=step ▶");
    const at = new URL(page.url()).searchParams.get("at")!;
    const { picture } = await ask<{ picture: { edges: { id: string; first: string; from: string; to: string }[]; nodes: { node: { id: string }; first: string; asked: boolean }[] } }>(s, '{ picture(of: ["billing-ledger"]) { edges { id first from to } nodes { node { id } first asked } } }');
    const nodes = new Set(picture.nodes.filter((n) => n.asked || n.first <= at).map((n) => n.node.id));
    expect(await shown(page)).toEqual([...nodes].sort());
    const edges = picture.edges.filter((e) => e.first <= at && nodes.has(e.from) && nodes.has(e.to)).map((e) => e.id).sort();
    expect((await page.$$eval(".react-flow__edge", (all) => all.map((e) => (e as HTMLElement).dataset.id!))).sort()).toEqual(edges);
    await page.context().close();
    const m = await open(browser, s, DEMO);
    await ready(m.page);
    await m.page.click("text=▶ replay");
    await m.page.waitForFunction(() => (new URL(location.href).searchParams.get("at") ?? "") > "2026-11-22T10:08:00Z");
    await m.page.click("text=‖ pause");
    const paused = new URL(m.page.url()).searchParams.get("at");
    await m.page.waitForTimeout(300);
    expect(new URL(m.page.url()).searchParams.get("at")).toBe(paused);
    await m.page.context().close();
  });

  test("6 a hub of 500: one group, one request opens 50, nothing else moves, collapse restores", async () => {
    const s = await roles(500);
    const { page } = await open(browser, s, path());
    await ready(page);
    const group = page.locator(".react-flow__node-group-card");
    expect(await group.count()).toBe(1);
    expect(await group.textContent()).toMatch(/\+49\d more/);
    const before = await page.$$eval(".react-flow__node", (all) => Object.fromEntries(all.map((n) => [(n as HTMLElement).dataset.id!, (n as HTMLElement).style.transform])));
    let requests = 0;
    page.on("request", (r) => { if (r.url().endsWith("/graphql") && r.postData()?.includes("members(")) requests++; });
    const took = await page.evaluate((n) => new Promise<number>((done) => { // in the page: the driver's round trips are not what a person waits for
      const start = performance.now();
      const look = () => (document.querySelectorAll(".react-flow__node").length >= n ? done(performance.now() - start) : requestAnimationFrame(look));
      document.querySelector<HTMLElement>(".react-flow__node-group-card")!.click();
      look();
    }), Object.keys(before).length + 50);
    figure("opening 50, ms", took);
    expect(took).toBeLessThanOrEqual(150 * slack());
    expect(requests).toBe(1);
    const after = await page.$$eval(".react-flow__node", (all) => Object.fromEntries(all.map((n) => [(n as HTMLElement).dataset.id!, (n as HTMLElement).style.transform])));
    expect(Object.keys(after).length).toBe(Object.keys(before).length + 50);
    for (const [id, t] of Object.entries(before)) expect(after[id]).toBe(t);
    const spots = Object.values(after).map((t) => /translate\((-?[\d.]+)px, (-?[\d.]+)px\)/.exec(t)!.slice(1).map(Number) as [number, number]);
    for (const [i, a] of spots.entries()) for (const b of spots.slice(i + 1)) expect(Math.abs(a[0] - b[0]) >= 196 || Math.abs(a[1] - b[1]) >= 46).toBe(true); // none on another
    await page.goBack();
    await page.waitForFunction((n) => document.querySelectorAll(".react-flow__node").length === n, Object.keys(before).length);
    await page.context().close();
  });

  test("7 keyboard only: from the first screen to a raw record and the copied link", async () => {
    const s = await demo();
    const { page } = await open(browser, s, "/", { permissions: ["clipboard-read", "clipboard-write"] });
    await page.waitForSelector(".list li");
    const focused = () => page.evaluate(() => { const e = document.activeElement as HTMLElement; const o = getComputedStyle(e); return { tag: e.tagName, ring: o.outlineStyle !== "none" && parseFloat(o.outlineWidth) >= 2, text: e.textContent!.slice(0, 40), cls: e.className.toString(), id: e.dataset.id ?? "" }; });
    for (let i = 0; i < 12 && !(await focused()).tag.startsWith("INPUT"); i++) await page.keyboard.press("Tab");
    await page.keyboard.type("billing-ledger");
    await page.keyboard.press("Enter");
    await ready(page);
    let stops = 0, inGraph = false;
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press("Tab");
      const f = await focused();
      expect(f.ring, `a visible ring on ${f.tag} ${f.text}`).toBe(true);
      if (f.cls.includes("react-flow__node")) { inGraph = true; break; }
    }
    expect(inGraph).toBe(true);
    const first = (await focused()).id;
    await page.keyboard.press("ArrowRight");
    expect((await focused()).id).not.toBe(first);
    await page.keyboard.press("ArrowLeft");
    const opener = (await focused()).id;
    await page.keyboard.press("Enter");
    await page.waitForSelector(".drawer h2");
    await page.keyboard.press("Escape");
    await page.waitForFunction((id) => (document.activeElement as HTMLElement)?.dataset.id === id, opener);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".drawer .ids button");
    for (let i = 0; i < 40 && !(await focused()).text.startsWith("raw"); i++) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForSelector("pre.raw");
    await page.keyboard.press("Escape");
    await page.keyboard.press("c");
    await page.waitForSelector(".toast:has-text('Copied')");
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("/i?");
    stops = await page.$$eval('.flow [tabindex="0"], .flow button', (all) => all.filter((e) => (e as HTMLElement).tabIndex >= 0 && !e.closest(".react-flow__controls")).length);
    figure("tab stops on the graph", stops);
    expect(stops).toBeLessThanOrEqual(3);
    await page.context().close();
  });

  test("8 axe: no violation in six states, light and dark; the table holds all of the graph", async () => {
    const s = await demo();
    const axe = readFileSync("node_modules/axe-core/axe.min.js", "utf8");
    const states: Record<string, (p: Page) => Promise<unknown>> = {
      start: async (p) => p.waitForSelector(".list li"), graph: ready,
      drawer: async (p) => { await ready(p); await p.click('.flow .card[data-lit="true"]'); await p.waitForSelector(".drawer .ids button"); await p.click(".drawer .ids button"); await p.waitForSelector("pre.raw"); },
      table: async (p) => { await ready(p); await p.keyboard.press("t"); await p.waitForSelector(".tables tr[data-id]"); },
      error: async (p) => p.waitForSelector(".problem"), empty: async (p) => p.waitForSelector(".notice"),
    };
    const paths: Record<string, string> = { start: "/", graph: DEMO, drawer: DEMO, table: DEMO, error: "/i?of=no-such-thing", empty: "/i?of=billing-ledger&from=2026-11-22T13:42:00Z&to=2026-11-22T13:42:01Z&last=" };
    for (const colorScheme of ["light", "dark"] as const) {
      for (const [name, reach] of Object.entries(states)) {
        const { page } = await open(browser, s, paths[name]!, { colorScheme });
        await reach(page);
        await page.evaluate(axe);
        const found = await page.evaluate(async () => {
          const r = await (window as unknown as { axe: { run(c: Document, o: unknown): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
          return r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).slice(0, 3).join(" | ")}`);
        });
        expect(found, `${name}, ${colorScheme}`).toEqual([]);
        if (name === "table") {
          const { picture } = await ask<{ picture: { shown: { nodes: number; edges: number } } }>(s, '{ picture(of: ["billing-ledger"]) { shown { nodes edges } } }');
          expect(await page.locator(".tables tr[data-id]").count()).toBe(picture.shown.nodes);
          expect(await page.locator(".tables tr[data-edge]").count()).toBe(picture.shown.edges);
        }
        await page.context().close();
      }
    }
  });

  test("9 no colour needed: shapes and words differ; borders hold 3:1 in grey; zoom and narrow screens lose nothing", async () => {
    const s = await demo();
    for (const colorScheme of ["light", "dark"] as const) {
      const { page } = await open(browser, s, DEMO, { colorScheme });
      await ready(page);
      const entries = await page.$$eval(".legend li", (all) => all.map((l) => l.textContent!.trim()));
      expect(new Set(entries).size).toBe(entries.length);
      const ratio = await page.$$eval(".flow .card", (all) => Math.min(...all.map((c) => {
        const rgb = (t: string) => t.match(/[\d.]+/g)!.slice(0, 3).map(Number);
        const grey = (t: string) => { const [r, g, b] = rgb(t).map((v) => { const x = v / 255; return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!; };
        const a = grey(getComputedStyle(c).borderTopColor), b = grey(getComputedStyle(document.querySelector(".middle")!).backgroundColor);
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      })));
      figure(`border contrast in grey, ${colorScheme}`, ratio);
      expect(ratio).toBeGreaterThanOrEqual(3);
      await page.context().close();
    }
    for (const viewport of [{ width: 640, height: 360 }, { width: 320, height: 640 }]) {
      const { page } = await open(browser, s, DEMO, { viewport });
      await ready(page);
      for (const part of [".headline h1", ".suspects", ".flow", ".coverage", ".brush", ".legend", ".tabs"]) {
        await page.locator(part).first().scrollIntoViewIfNeeded();
        const box = (await page.locator(part).first().boundingBox())!;
        expect(box.width, `${part} at ${viewport.width}`).toBeGreaterThan(100);
        expect(box.x + box.width, `${part} at ${viewport.width}`).toBeLessThanOrEqual(viewport.width + 1);
      }
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width);
      await page.locator(".flow").scrollIntoViewIfNeeded();
      expect(await page.evaluate(() => { // some of the lit chain is in sight, unscrolled
        const f = document.querySelector(".flow")!.getBoundingClientRect();
        return [...document.querySelectorAll('.flow .card[data-lit="true"]')].filter((c) => { const b = c.getBoundingClientRect(); return b.left >= f.left && b.right <= f.right && b.top >= f.top && b.bottom <= f.bottom; }).length;
      })).toBeGreaterThan(0);
      await page.context().close();
    }
  });

  const pan = async (w: Page, sel: string) => frames(w, async () => {
    const box = (await w.locator(sel).boundingBox())!;
    await w.mouse.move(box.x + box.width / 2, box.y + 60);
    await w.mouse.down();
    for (let i = 0; i < 90; i++) await w.mouse.move(box.x + box.width / 2 + (i % 60) * 3, box.y + 60 + (i % 30) * 2);
    await w.mouse.up();
  });

  test("10 scale: 20,000 nodes in the overview, and in the table", async () => {
    const s = await roles(OVERVIEW);
    const { page } = await open(browser, s, path());
    await ready(page);
    expect(await page.textContent(".tabs .size")).toContain("of 20,000 nodes");
    await page.evaluate(() => { (window as unknown as { tasks: number[] }).tasks = []; new PerformanceObserver((l) => l.getEntries().forEach((e) => (window as unknown as { tasks: number[] }).tasks.push(e.duration))).observe({ type: "longtask" }); });
    const start = performance.now();
    await page.click("text=show all");
    await page.waitForFunction(() => document.querySelector(".overview p")?.textContent?.includes("Overview of 20,000 nodes"));
    const took = performance.now() - start;
    const longest = await page.evaluate(() => Math.max(0, ...(window as unknown as { tasks: number[] }).tasks));
    const over = await pan(page, ".overview canvas");
    figure("overview of 20,000, ms", took);
    figure("longest task, ms", longest);
    figure("overview, pan p95, ms", over.p95);
    expect(await page.textContent(".tabs .size")).toContain("20,000 of 20,000 nodes");
    await page.keyboard.press("t");
    await page.waitForSelector(".tables tr[data-id]");
    const rows = await page.locator(".tables tr[data-id]").count();
    await page.click(".tables >> text=more rows");
    await page.waitForFunction((n) => document.querySelectorAll(".tables tr[data-id]").length > n, rows);
    await page.context().close();
    expect(took).toBeLessThanOrEqual(1500 * slack());
    expect(longest).toBeLessThan(500 * slack());
    expect(over.p95).toBeLessThanOrEqual(33 * slack());
  });

  test.each([[300, LEGIBLE, 33], [500, CROWDED, 50]])("10 scale: %i nodes as cards", async (nodes, n, bound) => {
    const { page } = await open(browser, await roles(n), path());
    await ready(page);
    if (nodes > 300) await page.click("text=show all");
    await page.waitForFunction((k) => document.querySelectorAll(".flow .card[data-id]").length === k, nodes);
    const near = await pan(page, ".flow");
    await fit(page);
    const far = await pan(page, ".flow");
    figure(`${nodes} cards, pan p95, ms`, `${near.p95.toFixed(1)} at the chain, ${far.p95.toFixed(1)} with all in sight`);
    await page.context().close();
    expect(near.p95).toBeLessThanOrEqual(bound * slack());
    expect(far.p95).toBeLessThanOrEqual(bound * slack());
  });

  test("11 a hostile place: no 3D, no network, strict policy, hostile labels", async () => {
    const s = await of("hostile", () => world(hostile()));
    const b = await launch("--disable-3d-apis");
    const w = await open(b, s, path());
    await ready(w.page);
    const text = (await w.page.textContent(".flow"))!;
    expect(text).toContain("<img src=x onerror=alert(1)>");
    expect(text).toContain("pay\\u202Egnp.exe\\u0007");
    expect(await w.page.locator(".screen img").count()).toBe(0);
    for (const key of ["l", "t", "g"]) {
      await w.page.keyboard.press(key);
      await w.page.waitForTimeout(200);
    }
    await w.page.click('.suspects button.row');
    await w.page.click(".drawer .ids button");
    await w.page.waitForSelector("pre.raw");
    expect(w.outside).toEqual([]);
    expect(w.errors).toEqual([]);
    const policy = (await fetch(s.url + "/i")).headers.get("Content-Security-Policy")!;
    for (const part of ["default-src 'none'", "script-src 'self';", "style-src 'self';"]) expect(policy).toContain(part);
    await b.close();
  });

  test("12 bad days have their own words and a way on; exports hold what is drawn", async () => {
    const s = await demo();
    const w = await open(browser, s, DEMO);
    await ready(w.page);
    const cards = await w.page.locator(".flow .card[data-id]").count();
    let at = 0; // each time another window is asked for: an answer that came is not asked for again
    const break_ = async (how: (route: import("playwright-core").Route) => unknown) => {
      await w.page.route("**/graphql", (r) => how(r));
      await w.page.evaluate((k) => document.querySelectorAll<HTMLElement>('.window input[name="last"]')[k]!.click(), [0, 1, 3][at++]!);
    };
    await break_((r) => r.fulfill({ status: 200, contentType: "application/json", body: JSON.stringify({ errors: [{ message: "the disk is on fire", extensions: { code: "INTERNAL", hint: "call somebody" } }] }) }));
    await w.page.waitForSelector('.problem[data-code="INTERNAL"]');
    expect(await w.page.textContent(".problem")).toContain("call somebody");
    expect(await w.page.locator(".flow .card[data-id]").count()).toBe(cards); // the last graph stays
    await w.page.unroute("**/graphql");
    await w.page.click(".problem button");
    await w.page.waitForSelector(".problem", { state: "detached" });
    await break_((r) => r.abort());
    await w.page.waitForSelector('.problem[data-code="UNAVAILABLE"]');
    await w.page.unroute("**/graphql");
    const answered = w.page.waitForEvent("requestfinished", (r) => !!r.postData()?.includes("query Picture"));
    await w.page.click(".problem button");
    await w.page.waitForSelector(".problem", { state: "detached" });
    await answered;
    let last = -1; // cards, once the answer is drawn
    for (let n = 0; n !== last; n = await w.page.locator(".flow .card[data-id]").count()) {
      last = n;
      await w.page.waitForTimeout(1000);
    }
    await w.page.clock.install();
    const asked = w.page.waitForRequest((r) => !!r.postData()?.includes("query Picture"));
    await break_(() => undefined); // never an answer
    await asked;
    await w.page.clock.fastForward(31_000);
    await w.page.waitForSelector('.problem[data-code="TIMEOUT"]');
    expect(await w.page.locator(".flow .card[data-id]").count()).toBe(last);
    await w.page.context().close();

    const d = await open(browser, s, "/");
    await d.page.route("**/graphql", (r) => (r.request().postData()?.includes("subscription Updates") ? r.abort() : r.continue()));
    await d.page.goto(s.url + DEMO);
    await ready(d.page);
    expect(await d.page.textContent(".newer.off")).toContain("Not connected");
    await d.page.context().close();

    const e = await open(browser, s, "/i?of=billing-ledger&from=2026-11-22T13:42:00Z&to=2026-11-22T13:42:01Z&last=");
    expect(await e.page.textContent(".notice")).toContain("Nothing touched");
    await e.page.context().close();
    const stale = await open(browser, s, DEMO);
    await stale.page.waitForSelector(".coverage.incomplete");
    expect(await stale.page.textContent(".coverage summary")).toContain("behind");
    await stale.page.context().close();

    const x = await open(browser, s, DEMO, { acceptDownloads: true });
    await ready(x.page);
    const save = async (what: string) => {
      const got = x.page.waitForEvent("download");
      await x.page.click("text=Export");
      await x.page.click(`[popover]:popover-open >> text=${what}`);
      return readFileSync((await (await got).path())!);
    };
    const svg = (await save("SVG")).toString();
    expect(svg.match(/<g class="node"/g)!.length).toBe(cards);
    for (const part of ["2026-11-22T10:02:00Z to 2026-11-22T14:02:00Z", "as of ledger", "nothing cut"]) expect(svg).toContain(part);
    expect((await save("PNG")).subarray(1, 4).toString()).toBe("PNG");
    expect(JSON.parse((await save("JSON")).toString()).nodes.length).toBe(cards);
    expect((await save("CSV")).toString().split("\r\n").length).toBeGreaterThan(cards);
    await x.page.context().close();
  });
});

/**
 * By how much times may exceed the bounds of the issue. make e2e holds them
 * exactly; where the machine does other things too, as CI does, a bound that is
 * missed fourfold is still a defect. What is no time is never loosened.
 */
function slack(): number {
  return Number(process.env.E2E_SLACK ?? 4);
}

