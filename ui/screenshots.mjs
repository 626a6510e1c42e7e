// Writes pictures of every state of the screen, for the eye of whoever changes
// it, and the two of the README: node screenshots.mjs [folder]. It builds the
// program and shows the demo world; the overview is of a generated world.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const folder = process.argv[2] ?? "screenshots";
const demo = "/i?of=billing-ledger", lit = '.flow .card[data-lit="true"]';
const shots = {
  start: ["/", {}, ".list li"],
  investigation: [demo, {}, lit],
  "investigation-dark": [demo, { colorScheme: "dark" }, lit],
  evidence: [demo + "&sel=aws:key:ASIAOFVOSODMWEXAMPLE", {}, ".drawer .ids button"],
  reach: [demo + "&reach=aws:key:ASIAAVQ4J3N2WEXAMPLE", {}, '.spread [role="status"]'],
  path: [demo + "&path=aws:key:ASIAAVQ4J3N2WEXAMPLE&sel=arn:aws:s3:::billing-exports", {}, ".way li"],
  timeline: [demo + "&view=timeline", {}, ".timeline tbody tr"],
  table: [demo + "&view=table", {}, ".tables tr[data-id]"],
  empty: [demo + "&from=2026-11-22T13:42:00Z&to=2026-11-22T13:42:01Z&last=", {}, ".notice"],
  error: ["/i?of=no-such-thing", {}, ".problem"],
  narrow: [demo, { viewport: { width: 390, height: 844 }, fullPage: true }, lit],
};
const readme = ["start", "investigation"];

const dir = mkdtempSync(join(tmpdir(), "blastradius-shots-"));
const bin = process.env.BLASTRADIUS_BIN ?? join(dir, "blastradius");
const servers = [];

/** Starts the program and waits for its address. */
function serve(...args) {
  const p = spawn(bin, [...args, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
  servers.push(p);
  return new Promise((done, fail) => {
    let said = "";
    for (const s of [p.stdout, p.stderr]) s.on("data", (d) => { said += d; const at = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]; if (at) done(at); });
    p.on("exit", () => fail(new Error(said)));
  });
}

/** A bucket that so many roles read, each with a key of its own, until one of them deletes it. */
function hub(roles) {
  const event = (i, name, at) => {
    const role = `reader-${i}`, id = `AROA${String(i).padStart(17, "0")}`;
    return {
      eventVersion: "1.09", eventTime: new Date(at).toISOString().replace(/\.\d+/, ""), eventSource: "s3.amazonaws.com", eventName: name, awsRegion: "eu-north-1", sourceIPAddress: "192.0.2.7", userAgent: "boto3",
      requestParameters: { bucketName: "ledger" }, responseElements: null, eventID: `${String(i).padStart(8, "0")}-${name.length}000-4000-8000-000000000000`, readOnly: name.startsWith("Get"), eventType: "AwsApiCall",
      managementEvent: true, recipientAccountId: "111122223333", eventCategory: "Management", resources: [{ ARN: "arn:aws:s3:::ledger", accountId: "111122223333", type: "AWS::S3::Bucket" }],
      userIdentity: {
        type: "AssumedRole", principalId: `${id}:s`, arn: `arn:aws:sts::111122223333:assumed-role/${role}/s`, accountId: "111122223333", accessKeyId: `ASIA${String(i).padStart(16, "0")}`,
        sessionContext: { sessionIssuer: { type: "Role", principalId: id, arn: `arn:aws:iam::111122223333:role/${role}`, accountId: "111122223333", userName: role }, attributes: { creationDate: "2026-11-22T09:30:00Z", mfaAuthenticated: "false" } },
      },
    };
  };
  const from = Date.parse("2026-11-22T10:00:00Z");
  return [...Array.from({ length: roles }, (_, i) => event(i, "GetBucketLocation", from + (i * 190 * 60_000) / roles)), event(7, "DeleteBucket", from + 200 * 60_000)];
}

mkdirSync(folder, { recursive: true });
let browser;
try {
  if (!process.env.BLASTRADIUS_BIN) execFileSync("go", ["build", "-o", bin, "./cmd/blastradius"], { cwd: "..", stdio: "inherit" });
  writeFileSync(join(dir, "hub.json"), JSON.stringify({ Records: hub(3000) }));
  execFileSync(bin, ["ingest", join(dir, "hub.json"), "--store", join(dir, "db")], { stdio: "ignore" });
  const [base, large] = [await serve("demo"), await serve("serve", "--store", join(dir, "db"))];
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
  const shoot = async (name, url, { fullPage, ...options }, ready, act) => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...options });
    await page.goto(url);
    await page.waitForSelector(ready);
    await act?.(page);
    await page.waitForTimeout(1000);
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
    await page.close();
  };
  for (const [name, [path, options, ready]] of Object.entries(shots)) await shoot(name, base + path, options, ready);
  await shoot("overview", `${large}/i?of=arn:aws:s3:::ledger&from=2026-11-22T10:00:00Z&to=2026-11-22T14:00:00Z&last=`, {}, ".flow .card", async (page) => {
    await page.click("text=show all");
    await page.waitForSelector(".overview canvas");
  });
  for (const name of readme) cpSync(join(folder, `${name}.png`), `../docs/screenshots/${name}.png`);
} finally {
  await browser?.close();
  for (const p of servers) p.kill("SIGTERM");
  rmSync(dir, { recursive: true, force: true });
}
