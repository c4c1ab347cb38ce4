// SPDX-License-Identifier: MIT
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The API that `npm run dev` talks to: a running `tracseq serve`.
const target = process.env.TRACSEQ_URL ?? 'http://127.0.0.1:8080';
// The browser's own Host goes through: the server refuses changes whose Origin is not the Host they were sent to.
const upstream = { target, changeOrigin: false };

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    assetsDir: 'assets',
    // The content security policy allows neither data: fonts nor inline styles, so nothing is inlined.
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    proxy: {
      '/api': upstream,
      '/version': upstream,
      '/openapi.json': upstream,
      '/docs/api': upstream,
    },
  },
  test: { include: ['src/**/*.test.ts', 'scripts/**/*.test.mjs'], environment: 'node' },
});
