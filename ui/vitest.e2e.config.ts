import { defineConfig } from "vitest/config";

// The acceptance checks: the real program, its real page, in real Chromium, one
// after the other, as they measure.
export default defineConfig({
  test: {
    include: ["e2e/**/*.test.ts"], environment: "node", globalSetup: "e2e/setup.ts", fileParallelism: false, maxConcurrency: 1, pool: "forks",
    testTimeout: 120_000, hookTimeout: 120_000,
    retry: process.env.E2E_SLACK === "1" ? 0 : 1, // a shared machine may stall once; where times are held strictly, nothing is tried again
  },
});
