import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Two pages: the screen, and the query editor, which loads only when it is
// opened. Names carry the hash of their content, so that the server may let
// browsers keep them.
export default defineConfig({
  plugins: [react()],
  base: "/",
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    rollupOptions: { input: { index: "index.html", graphiql: "graphiql.html" } },
  },
  server: { proxy: { "/graphql": "http://127.0.0.1:8420" } },
  test: { environment: "jsdom", include: ["test/**/*.test.{ts,tsx}"] },
});
