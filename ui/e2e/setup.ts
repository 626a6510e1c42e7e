// Builds the program once for the whole run, unless BLASTRADIUS_BIN names one.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export default function setup() {
  process.env.CHROMIUM ||= "/usr/bin/chromium";
  if (!existsSync(process.env.CHROMIUM)) throw new Error(`no Chromium at ${process.env.CHROMIUM}: apt-get install chromium, or set CHROMIUM`);
  const dir = mkdtempSync(join(tmpdir(), "blastradius-e2e-"));
  process.env.E2E_DIR = dir;
  if (!process.env.BLASTRADIUS_BIN) {
    process.env.BLASTRADIUS_BIN = join(dir, "blastradius");
    execFileSync("go", ["build", "-o", process.env.BLASTRADIUS_BIN, "./cmd/blastradius"], { cwd: "..", stdio: "inherit" });
  }
  return () => rmSync(dir, { recursive: true, force: true });
}
