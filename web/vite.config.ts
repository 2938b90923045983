import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Relative addresses, so that the page works under any path prefix; the service serves `page/`.
export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: {
    outDir: "../src/posemill/server/page",
    emptyOutDir: true,
    assetsDir: "page",
    assetsInlineLimit: 0,
    target: "es2022",
    modulePreload: { polyfill: false },
    license: { fileName: "licences.md" },
    chunkSizeWarningLimit: 600, // three.js, which only the view in space loads
  },
  // `npm run dev` beside `posemill serve`.
  server: {
    proxy: {
      "/api": { target: process.env["POSEMILL_URL"] ?? "http://127.0.0.1:5000", ws: true },
    },
  },
  test: { include: ["src/**/*.test.ts"] },
});
