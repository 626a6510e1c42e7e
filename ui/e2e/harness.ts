// Starts the program and Chromium, and measures what a person would feel.

import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

export interface Server {
  url: string;
  store: string;
  stop(): Promise<void>;
}

const bin = () => process.env.BLASTRADIUS_BIN!;
export const scratch = (name: string) => mkdtempSync(join(process.env.E2E_DIR!, `${name}-`));

/** Runs the program to its end. */
export async function run(...args: string[]): Promise<string> {
  const p = spawn(bin(), args, { stdio: ["ignore", "pipe", "pipe"] });
  let out = "", err = "";
  p.stdout.on("data", (d) => (out += d));
  p.stderr.on("data", (d) => (err += d));
  const code = await new Promise((done) => p.on("exit", done));
  if (code !== 0) throw new Error(`${args.join(" ")}: exit ${code}\n${err}`);
  return out;
}

/** Starts a server and waits until it listens. */
export async function serve(...args: string[]): Promise<Server> {
  const p: ChildProcess = spawn(bin(), [...args, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const url = await new Promise<string>((done, fail) => {
    const late = setTimeout(() => fail(new Error(`no server after 60 s:\n${said}`)), 60_000);
    const hear = (d: Buffer) => {
      said += d;
      const at = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
      if (at) {
        clearTimeout(late);
        done(at);
      }
    };
    p.stdout!.on("data", hear);
    p.stderr!.on("data", hear);
    p.on("exit", (code) => fail(new Error(`the server ended with ${code}:\n${said}`)));
  });
  return {
    url, store: args[args.indexOf("--store") + 1] ?? "",
    stop: () => new Promise((done) => {
      p.on("exit", () => done());
      p.kill("SIGTERM");
    }),
  };
}

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const launch = (...more: string[]): Promise<Browser> => chromium.launch({ executablePath: process.env.CHROMIUM, args: [...FLAGS, ...more] });

export interface Watched {
  page: Page;
  began: number; // when it was asked for, by performance.now
  errors: string[]; // console errors and uncaught exceptions
  outside: string[]; // requests to anywhere but the server
  bytes(): number; // of script, as transferred
}

/** A page of a new profile; requests that leave this machine are refused and noted. */
export async function open(browser: Browser, server: Server, path: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [], outside: string[] = [];
  let bytes = 0;
  await context.route("**", (route) => {
    const url = route.request().url();
    if (url.startsWith(server.url) || url.startsWith("data:") || url.startsWith("blob:")) return route.continue();
    outside.push(url);
    return route.abort();
  });
  page.on("console", (m) => { if (m.type() === "error") errors.push(m.text()); });
  page.on("pageerror", (e) => errors.push(e.message));
  page.on("requestfinished", async (r) => { if (r.resourceType() === "script") bytes += (await r.sizes().catch(() => undefined))?.responseBodySize ?? 0; });
  const began = performance.now();
  await page.goto(server.url + path, { waitUntil: "commit" });
  return { page, began, errors, outside, bytes: () => bytes };
}

/** The interval between frames, in milliseconds, while act runs; the first second is left out. */
export async function frames(page: Page, act: () => Promise<void>): Promise<{ p50: number; p95: number; longest: number }> {
  await page.evaluate(() => {
    const w = window as unknown as { ticks: number[]; ticking: boolean };
    w.ticks = [];
    w.ticking = true;
    let last = performance.now();
    const tick = (t: number) => {
      w.ticks.push(t - last);
      last = t;
      if (w.ticking) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  await act();
  const ticks = await page.evaluate(() => {
    const w = window as unknown as { ticks: number[]; ticking: boolean };
    w.ticking = false;
    return w.ticks.slice(2);
  });
  ticks.sort((a, b) => a - b);
  const at = (q: number) => ticks[Math.min(ticks.length - 1, Math.floor(q * ticks.length))] ?? NaN;
  return { p50: at(0.5), p95: at(0.95), longest: ticks.at(-1) ?? NaN };
}

/** The answer of the server itself, to compare the screen with. */
export async function ask<T>(server: Server, query: string, variables: unknown = {}): Promise<T> {
  const r = await fetch(`${server.url}/graphql`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ query, variables }) });
  const body = (await r.json()) as { data: T; errors?: unknown };
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  return body.data;
}

/** Prints a measured figure. */
export const figure = (what: string, value: string | number) => console.log(`  ${what}: ${typeof value === "number" ? Math.round(value * 10) / 10 : value}`);
