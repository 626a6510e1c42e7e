// Builds the pages anew and compares them with what is committed in dist, byte
// for byte: what users run is what the sources say.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const hash = (dir) => Object.fromEntries(readdirSync(dir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile())
  .map((e) => join(e.parentPath, e.name)).map((f) => [f.slice(dir.length + 1), createHash("sha256").update(readFileSync(f)).digest("hex")]).sort());

const documents = readFileSync("src/gql.ts", "utf8");
execFileSync("node", ["codegen.mjs"], { stdio: "inherit" });
if (readFileSync("src/gql.ts", "utf8") !== documents) throw new Error("src/gql.ts is not of this schema: npm run generate");
execFileSync("npx", ["tsc", "--noEmit"], { stdio: "inherit" });

const fresh = mkdtempSync(join(tmpdir(), "blastradius-dist-"));
try {
  execFileSync("npx", ["vite", "build", "--logLevel", "warn", "--outDir", fresh, "--emptyOutDir"], { stdio: "inherit" });
  const [want, got] = [hash(fresh), hash("dist")];
  const differ = [...new Set([...Object.keys(want), ...Object.keys(got)])].filter((f) => want[f] !== got[f]);
  if (differ.length) throw new Error(`dist is not what the sources give (npm run build, then commit it): ${differ.join(", ")}`);
  console.log(`dist: ${Object.keys(got).length} files, as built`);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
