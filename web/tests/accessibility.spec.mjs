// SPDX-License-Identifier: MIT
// WCAG 2.2 AA as far as a program can tell, on every kind of page and everything that opens over one, in both themes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { eventually, startBrowser, startServer } from './harness.mjs';
import { everyPage, seed } from './seed.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'];

let server;
let guarded;
let browser;
let seeded;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  seeded = await seed(server);
  guarded = await startServer(['--auth', 'on']);
});

after(async () => {
  await browser?.stop();
  await server?.stop();
  await guarded?.stop();
});

async function look(page, where) {
  await page.evaluate(axe);
  const found = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: tags }), rules);
  const said = found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`);
  assert.deepEqual(said, [], where);
}

async function visit(page, address) {
  await page.goto(address);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await eventually('the skeletons being gone', async () => (await page.locator('.bone').count()) === 0);
}

for (const theme of ['light', 'dark']) {
  test(`no barrier on any page, ${theme}`, async () => {
    const page = await browser.context.newPage();
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    for (const path of everyPage(seeded)) {
      await visit(page, server.url + path);
      await look(page, path);
    }
    await page.close();
  });

  test(`no barrier in drawers, dialogs, menus, the palette and signing in, ${theme}`, async () => {
    const page = await browser.context.newPage();
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    const { runs, model } = seeded;
    const model_page = `${server.url}/models/${encodeURIComponent(model)}`;
    const button = (name) => page.getByRole('button', { name }).first().click();
    const steps = [
      ['a version', `${model_page}?version=1.0.0`, () => page.getByRole('dialog').waitFor()],
      ['a promotion', model_page, () => button('Promote 1.1.0')],
      ['deleting a run', `${server.url}/runs/${runs[0]}`, () => button('Delete')],
      ['tagging runs', `${server.url}/runs?selected=${runs.slice(0, 2)}`, () => button('Tag')],
      ['a new experiment', `${server.url}/experiments`, () => button('New experiment')],
      ['an audit entry', `${server.url}/audit`, () => page.locator('tbody button.name').first().click()],
      ['an alert taken in hand', `${server.url}/monitoring`, () => button('Acknowledge')],
      ['a chart on the full screen', `${server.url}/runs/${runs[0]}?full=val_loss`, () => page.getByRole('dialog').waitFor()],
      ['the columns', `${server.url}/runs`, () => button('Choose columns')],
      ['a column menu', `${server.url}/runs`, () => button('Column Status')],
      ['saved views', `${server.url}/runs`, () => button('Saved views')],
      ['a word explained', `${model_page}?version=1.0.0`, () => page.getByRole('dialog').getByRole('button', { name: 'Accuracy' }).hover()],
      ['a new deployment', `${server.url}/deployments`, () => button('New deployment')],
      ['a promotion of a canary', `${server.url}/deployments/canary`, () => button('Promote')],
      ['a roll back', `${server.url}/deployments/stable`, () => button('Roll back')],
      ['a plan for a test', `${server.url}/abtests`, () => button('Plan a test')],
      ['stopping a test', `${server.url}/abtests/running`, () => button('Stop')],
      ['the palette', `${server.url}/`, () => page.keyboard.press('Control+k')],
      ['the sheet of keys', `${server.url}/`, () => page.keyboard.press('?')],
      ['signing in', guarded.url, () => page.getByLabel('API token').waitFor()],
    ];
    for (const [where, address, open] of steps) {
      await visit(page, address);
      await open();
      await look(page, where);
    }
    await page.close();
  });
}
