// SPDX-License-Identifier: MIT
// Loads URL ROUNDS times in Chromium with an empty cache; prints {"bytes", "ready_ms"}: the most bytes over the
// wire, and the median of when the page could be used (its heading is there; for a page without one, its load).
import { firstLoad } from '../../web/tests/first-load.mjs';
import { startBrowser } from '../../web/tests/harness.mjs';

const [url, rounds] = [process.argv[2], Number(process.argv[3])];
const browser = await startBrowser();

const loads = [];
for (let i = 0; i < rounds; i++) loads.push(await firstLoad(browser, url));
await browser.stop();
const ready = loads.map((one) => one.readyMs).sort((a, b) => a - b);
console.log(
  JSON.stringify({ bytes: Math.max(...loads.map((one) => one.bytes)), ready_ms: ready[Math.floor(ready.length / 2)] }),
);
