// SPDX-License-Identifier: MIT
// The frame of the page: how it arrives, how it is steered, and that it keeps within its policy.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { lostTypes } from '../scripts/openapi-types.mjs';
import { firstLoad } from './first-load.mjs';
import { call, eventually, startBrowser, startServer } from './harness.mjs';
import { everyPage, seed } from './seed.mjs';

const firstLoadBytesMax = 150 * 1024;

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});

after(async () => {
  await browser?.stop();
  await server?.stop();
});

test('the first load is small', async () => {
  const { bytes, readyMs } = await firstLoad(browser, server.url, '.empty, .groups');
  console.log(`first load: ${bytes} bytes compressed, interactive after ${Math.round(readyMs)} ms`);
  assert.ok(bytes > 10_000, 'nothing was counted');
  assert.ok(bytes <= firstLoadBytesMax, `${bytes} bytes`);
});

test('every area opens without a complaint, at the root and below /dashboard', async () => {
  for (const base of ['', '/dashboard']) {
    const page = await browser.open(`${server.url}${base}/`);
    for (const [name, path] of [
      ['Experiments', '/experiments'],
      ['Models', '/models'],
      ['Deployments', '/deployments'],
      ['A/B tests', '/abtests'],
      ['Data', '/data'],
      ['Monitoring', '/monitoring'],
      ['Audit', '/audit'],
    ]) {
      await page.getByRole('navigation', { name: 'Areas' }).getByRole('link', { name, exact: true }).click();
      await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
      assert.equal(new URL(page.url()).pathname, base + path);
    }
    assert.deepEqual(page.complaints, []);
    assert.equal(await page.getByRole('alert').count(), 0);
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Monitoring' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Monitoring' }).waitFor();
    await page.close();
  }
});

test('the API still holds every record and field that the page was built for', async () => {
  const types = readFileSync(new URL('../src/api/schema.ts', import.meta.url), 'utf8');
  assert.ok(types.includes('export interface Run '));
  assert.deepEqual(lostTypes(await call(server, 'GET', '/openapi.json'), types), []);
});

test('the page allows no inline script', async () => {
  const page = await browser.open(server.url);
  const ran = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.inlineRan = true';
    document.body.append(script);
    return window.inlineRan === true;
  });
  assert.equal(ran, false);
  assert.ok(page.complaints.some((text) => /Content Security Policy/.test(text)));
  await page.close();
});

test('a page that takes a blink shows no skeleton, one that takes longer shows its own shape', async () => {
  const { run_id: run } = await call(server, 'POST', '/api/v1/runs', { name: 'slow to come' });
  const page = await browser.open(server.url);
  await page.getByRole('heading', { level: 1 }).waitFor();
  // The chunk of the page is known before, so that only the answer is waited for.
  await page.goto(`${server.url}/runs/${run}`);
  await page.getByRole('heading', { level: 1, name: 'slow to come' }).waitFor();
  await page.getByRole('link', { name: 'Overview' }).first().click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await page.evaluate(() => {
    globalThis.bonesSeen = 0;
    const look = () => {
      const bones = [...document.querySelectorAll('main .bone')];
      if (bones.some((bone) => bone.checkVisibility({ visibilityProperty: true }))) globalThis.bonesSeen += 1;
      requestAnimationFrame(look);
    };
    look();
  });
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: 'slow to come' }).waitFor();
  assert.equal(await page.evaluate(() => globalThis.bonesSeen), 0);
  let hold = true;
  await page.route(`**/api/v1/runs/${run}`, async (route) => {
    await eventually('the answer being let go', () => !hold);
    await route.continue();
  });
  await page.goto(`${server.url}/runs/${run}`);
  await page.locator('main .bone').first().waitFor();
  hold = false;
  await page.getByRole('heading', { level: 1, name: 'slow to come' }).waitFor();
  assert.equal(await page.locator('main .bone').count(), 0);
  await page.close();
});

test('keys go places, open the sheet and the palette', async () => {
  const page = await browser.open(server.url);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('e');
  await page.getByRole('heading', { level: 1, name: 'Experiments' }).waitFor();
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement?.hasAttribute('data-search')), true);
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('audit');
  await page.getByRole('option', { name: /Audit/ }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor();
  await page.close();
});

test('the theme is chosen and kept', async () => {
  const page = await browser.open(server.url);
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.getByRole('button', { name: /^Theme/ }).click();
  assert.equal(await background(), 'rgb(250, 250, 249)');
  await page.getByRole('button', { name: /^Theme/ }).click();
  assert.equal(await background(), 'rgb(14, 17, 22)');
  await page.reload();
  await page.getByRole('heading', { level: 1 }).waitFor();
  assert.equal(await background(), 'rgb(14, 17, 22)');
  await page.evaluate(() => localStorage.clear());
  await page.close();
});

test('an address that is no page, and an object that is none, say so', async () => {
  const page = await browser.open(`${server.url}/nowhere/at/all`);
  await page.getByText('There is no page at this address').waitFor();
  await page.goto(`${server.url}/runs/00000000000000000000000000000000`);
  await page.getByRole('alert').getByText('Could not load the run').waitFor();
  await page.goto(`${server.url}/models/nope`);
  await page.getByRole('alert').getByText('Could not load this model').waitFor();
  assert.equal(await page.getByRole('main').getByRole('link', { name: 'Monitoring' }).count(), 0);
  assert.equal(await page.getByRole('main').getByRole('button', { name: 'Export' }).count(), 0);
  await page.close();
});

test('nothing scrolls sideways at 1440, 1024 and 390 pixels, with much to show', async () => {
  const paths = everyPage(await seed(server));
  const page = await browser.open(server.url);
  for (const width of [1440, 1024, 390]) {
    await page.setViewportSize({ width, height: 844 });
    for (const path of paths) {
      await page.goto(server.url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await eventually('the skeletons being gone', async () => (await page.locator('.bone').count()) === 0);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${path} is ${wide} pixels too wide at ${width}`);
    }
  }
  await page.close();
});
