// SPDX-License-Identifier: MIT
// Charts: what the address keeps of them, what a tooltip says where nothing can be drawn, files to take away.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { call, eventually, logRun, startBrowser, startServer } from './harness.mjs';

let server;
let browser;
let first;
let second;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  first = await logRun(server, { name: 'first' }, 0);
  second = await logRun(server, { name: 'second' }, 0);
  const points = (run, values) => values.map((value, step) => ({ run_id: run, key: 'loss', step, value }));
  await call(server, 'POST', '/api/v1/metrics', { points: [...points(first, [4, 'Infinity', 'NaN', -1, 2]), ...points(second, [1, 2, 3, 4, 5])] });
});

after(async () => {
  await browser?.stop();
  await server?.stop();
});

const query = (page, key) => new URL(page.url()).searchParams.get(key);
const chart = (page) => page.locator('section[aria-label="loss"]');

test('the address keeps axis, table, hidden lines and full screen; Back leaves the full screen', async () => {
  const page = await browser.open(`${server.url}/compare?runs=${first},${second}&tab=charts`);
  await eventually('the chart being drawn', () => chart(page).locator('canvas').count());
  await chart(page).hover();
  await chart(page).getByRole('button', { name: 'Logarithmic axis' }).click();
  assert.equal(query(page, 'log'), 'loss');
  await chart(page).getByRole('button', { name: 'second' }).click();
  assert.equal(query(page, 'hide'), second);
  await chart(page).getByRole('button', { name: 'Show as a table' }).click();
  const table = chart(page).getByRole('region', { name: 'loss as a table' });
  await table.getByText('∞').waitFor();
  await table.getByText('NaN').waitFor();
  const address = page.url();
  await chart(page).getByRole('button', { name: 'Full screen' }).click();
  await page.getByRole('dialog', { name: 'loss' }).waitFor();
  await page.goBack();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.close();
  const again = await browser.open(address);
  await chart(again).getByRole('region', { name: 'loss as a table' }).getByText('NaN').waitFor();
  assert.equal(await chart(again).getByRole('button', { name: 'Logarithmic axis' }).getAttribute('aria-pressed'), 'true');
  assert.equal(await chart(again).getByRole('button', { name: 'second' }).getAttribute('aria-pressed'), 'false');
  assert.deepEqual(again.complaints, []);
  await again.close();
});

test('a tooltip says infinity, NaN and what a log axis cannot hold for what they are', async () => {
  for (const [search, step, text] of [['', 1, '∞'], ['', 2, 'NaN'], ['&log=loss', 3, '−1']]) {
    const page = await browser.open(`${server.url}/runs/${first}?tab=charts${search}`);
    await eventually('the chart being drawn', () => chart(page).locator('canvas').count());
    const over = await chart(page).locator('.u-over').boundingBox();
    await page.mouse.move(over.x + (over.width * step) / 4, over.y + over.height / 2);
    await eventually(`${text} being said`, async () => (await chart(page).locator('.tip b').textContent()) === text);
    await page.close();
  }
});

test('a part of the axis is drawn up, kept in the address, and let go by a double press', async () => {
  const page = await browser.open(`${server.url}/runs/${second}`);
  await eventually('the chart being drawn', () => chart(page).locator('canvas').count());
  const over = await chart(page).locator('.u-over').boundingBox();
  const at = (share) => over.x + over.width * share;
  await page.mouse.move(at(0.25), over.y + 40);
  await page.mouse.down();
  await page.mouse.move(at(0.75), over.y + 40, { steps: 5 });
  await page.mouse.up();
  await eventually('the part being in the address', () => /^[\d.]+\.\.[\d.]+$/.test(query(page, 'zoom') ?? ''));
  const [low, high] = query(page, 'zoom').split('..').map(Number);
  assert.ok(Math.abs(low - 1) < 0.1 && Math.abs(high - 3) < 0.1, query(page, 'zoom'));
  await page.mouse.dblclick(at(0.5), over.y + 40);
  await eventually('the whole axis', () => query(page, 'zoom') === null);
  await page.close();
});

test('a chart is taken away as numbers, drawing and picture', async () => {
  const page = await browser.open(`${server.url}/runs/${second}`);
  await eventually('the chart being drawn', () => chart(page).locator('canvas').count());
  const take = async (name) => {
    await chart(page).hover();
    if (!(await page.getByRole('group', { name: 'Download the chart' }).count())) await chart(page).getByRole('button', { name: 'Download the chart' }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  };
  const numbers = await take('Numbers (CSV)');
  assert.equal(numbers.name, 'loss.csv');
  assert.match(String(numbers.bytes), /^step,series,loss\n0,second,1\n/);
  const drawing = await take('Drawing (SVG)');
  assert.equal(drawing.name, 'loss.svg');
  assert.match(String(drawing.bytes), /^<svg [^]*<path d="M[^]*second<\/text>/);
  const picture = await take('Picture (PNG)');
  assert.equal(picture.name, 'loss.png');
  assert.equal(picture.bytes.readUInt32BE(16), 1920);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a run wears one colour on its page, in the table and in a comparison', async () => {
  const page = await browser.open(`${server.url}/runs`);
  const color = (locator, property) => locator.evaluate((node, name) => getComputedStyle(node)[name], property);
  const row = page.locator('tbody tr', { has: page.getByRole('link', { name: 'first', exact: true }) });
  const inTable = await color(row.locator('i.dot'), 'backgroundColor');
  await page.goto(`${server.url}/runs/${first}`);
  assert.equal(await color(page.locator('aside i.dot').first(), 'backgroundColor'), inTable);
  await page.goto(`${server.url}/compare?runs=${second},${first}`);
  assert.equal(await color(page.locator('thead th', { hasText: 'first' }).locator('line'), 'stroke'), inTable);
  await page.close();
});
