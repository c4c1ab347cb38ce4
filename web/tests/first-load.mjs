// SPDX-License-Identifier: MIT
import { eventually } from './harness.mjs';

/**
 * One load of `url` with an empty cache: the bytes over the wire, fonts and first answers of the API included, and
 * after how many milliseconds the page could be used (its heading is there). `content` is the selector of what is
 * shown once the API has answered.
 */
export async function firstLoad(browser, url, content) {
  const page = await browser.context.newPage();
  const session = await browser.context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.clearBrowserCache');
  let bytes = 0;
  const awaited = new Set();
  // The live connection never ends; everything else that was asked for is waited for.
  session.on('Network.requestWillBeSent', (event) => {
    if (!event.request.url.endsWith('/api/v1/events')) awaited.add(event.requestId);
  });
  session.on('Network.loadingFailed', (event) => awaited.delete(event.requestId));
  session.on('Network.loadingFinished', (event) => {
    awaited.delete(event.requestId);
    bytes += event.encodedDataLength;
  });
  await page.goto(url, { waitUntil: 'load' });
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  const readyMs = await page.evaluate(() => performance.now());
  await page.locator(content).first().waitFor();
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  await eventually('every answer having arrived', () => awaited.size === 0);
  await page.close();
  return { bytes, readyMs };
}
