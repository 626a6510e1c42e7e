// Writes the pictures of the README and for the eye of whoever changes the
// screen: node screenshots.mjs http://127.0.0.1:8420 [folder]
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const [, , base = "http://127.0.0.1:8420", folder = "../docs/screenshots"] = process.argv;
const shots = {
  start: ["/", {}, ".list li"],
  investigation: ["/i?of=billing-ledger", {}, '.flow .card[data-lit="true"]'],
  "investigation-dark": ["/i?of=billing-ledger", { colorScheme: "dark" }, '.flow .card[data-lit="true"]'],
  table: ["/i?of=billing-ledger&view=table", {}, ".tables tr[data-id]"],
  timeline: ["/i?of=billing-ledger&view=timeline", {}, ".timeline tbody tr"],
  error: ["/i?of=no-such-thing", {}, ".problem"],
  narrow: ["/i?of=billing-ledger", { viewport: { width: 390, height: 844 } }, '.flow .card[data-lit="true"]'],
};
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
for (const [name, [path, options, ready]] of Object.entries(shots)) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...options });
  await page.goto(base + path);
  await page.waitForSelector(ready);
  await page.waitForTimeout(800);
  await page.screenshot({ path: `${folder}/${name}.png` });
  await page.close();
}
await browser.close();
