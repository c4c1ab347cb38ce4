// SPDX-License-Identifier: MIT
// Loads URL ROUNDS times in Chromium with an empty cache; prints {"bytes", "ready_ms"}: the most bytes over the
// wire, and the median of when the page could be used (its heading is there; for a page without one, its load).
import { startBrowser } from '../../web/tests/harness.mjs';

const [url, rounds] = [process.argv[2], Number(process.argv[3])];
const browser = await startBrowser();

async function load() {
  const page = await browser.context.newPage();
  const session = await browser.context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.clearBrowserCache');
  let bytes = 0;
  session.on('Network.loadingFinished', (event) => (bytes += event.encodedDataLength));
  await page.goto(url, { waitUntil: 'load' });
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  const ready = await page.evaluate(() => performance.now());
  // Web fonts and the first answers of the API count as the first load too.
  await page.waitForLoadState('networkidle', { timeout: 3000 }).catch(() => undefined);
  await page.close();
  return { bytes, ready };
}

const loads = [];
for (let i = 0; i < rounds; i++) loads.push(await load());
await browser.stop();
const ready = loads.map((one) => one.ready).sort((a, b) => a - b);
console.log(
  JSON.stringify({ bytes: Math.max(...loads.map((one) => one.bytes)), ready_ms: ready[Math.floor(ready.length / 2)] }),
);
