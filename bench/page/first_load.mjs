// SPDX-License-Identifier: MIT
// Loads URL ROUNDS times in Chromium with an empty cache, each time until CONTENT (a selector) is shown; prints
// {"bytes", "ready_ms"}: the most bytes over the wire, and the median of when the page could be used (its heading is
// there, which every page measured must have).
import { firstLoad } from '../../web/tests/first-load.mjs';
import { startBrowser } from '../../web/tests/harness.mjs';

const [url, rounds, content] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
const browser = await startBrowser();

const loads = [];
for (let i = 0; i < rounds; i++) loads.push(await firstLoad(browser, url, content));
await browser.stop();
const ready = loads.map((one) => one.readyMs).sort((a, b) => a - b);
console.log(
  JSON.stringify({ bytes: Math.max(...loads.map((one) => one.bytes)), ready_ms: ready[Math.floor(ready.length / 2)] }),
);
