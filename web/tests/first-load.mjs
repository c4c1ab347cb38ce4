// SPDX-License-Identifier: MIT

/**
 * One load of `url` with an empty cache: the bytes over the wire, fonts and first answers of the API included, and
 * after how many milliseconds the page could be used (its heading is there).
 */
export async function firstLoad(browser, url) {
  const page = await browser.context.newPage();
  const session = await browser.context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.clearBrowserCache');
  let bytes = 0;
  session.on('Network.loadingFinished', (event) => (bytes += event.encodedDataLength));
  await page.goto(url, { waitUntil: 'load' });
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  const readyMs = await page.evaluate(() => performance.now());
  // The live connection keeps the network from ever being idle on some pages: three seconds are enough for the rest.
  await page.waitForLoadState('networkidle', { timeout: 3000 }).catch(() => undefined);
  await page.close();
  return { bytes, readyMs };
}
