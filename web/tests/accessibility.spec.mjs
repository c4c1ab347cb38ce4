// SPDX-License-Identifier: MIT
// WCAG 2.2 AA as far as a program can tell, on every area, in both themes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { eventually, logRun, startBrowser, startServer } from './harness.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'];

let server;
let browser;
let runs;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  runs = [await logRun(server, { name: 'first', params: { depth: 2 } }), await logRun(server, { name: 'second', params: { depth: 3 } })];
});

after(async () => {
  await browser?.stop();
  await server?.stop();
});

for (const theme of ['light', 'dark']) {
  test(`no barrier on any page, ${theme}`, async () => {
    const page = await browser.context.newPage();
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    for (const path of ['/', '/experiments', '/runs', `/runs/${runs[0]}`, `/compare?runs=${runs}`, `/compare?runs=${runs}&tab=charts`, '/models', '/data', '/monitoring', '/audit']) {
      await page.goto(server.url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await eventually('the skeletons being gone', async () => (await page.locator('.bone').count()) === 0);
      await page.evaluate(axe);
      const found = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: tags }), rules);
      const said = found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`);
      assert.deepEqual(said, [], path);
    }
    await page.close();
  });
}
