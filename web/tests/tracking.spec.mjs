// SPDX-License-Identifier: MIT
// Experiments and runs as somebody at the bench uses them, against a server that logs meanwhile.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, eventually, logRun, startBrowser, startServer } from './harness.mjs';

const liveMsMax = 3000;

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

test('an empty server shows the lines that fill it, with its own address', async () => {
  const page = await browser.open(`${server.url}/experiments`);
  await page.getByText('No runs yet').waitFor();
  const code = await page.locator('pre').textContent();
  assert.ok(code?.includes(server.url));
  await page.close();
});

test('a run logged elsewhere appears by itself, and its values move', async () => {
  const page = await browser.open(`${server.url}/runs`);
  await page.getByText('No runs yet').waitFor();
  await page.getByText('live', { exact: true }).waitFor();
  const id = await logRun(server, { name: 'logistic regression', params: { C: 0.1, solver: 'lbfgs' }, model_type: 'classifier' });
  await page.getByRole('link', { name: 'logistic regression' }).waitFor({ timeout: liveMsMax });
  await page.getByRole('link', { name: 'logistic regression' }).click();
  await page.getByRole('heading', { level: 1, name: 'logistic regression' }).waitFor();
  await page.getByRole('region', { name: 'val_loss' }).or(page.locator('section[aria-label="val_loss"]')).first().waitFor();
  await eventually('a chart being drawn', () => page.locator('section[aria-label="val_loss"] canvas').count());
  const shown = () => page.locator('aside .metric', { hasText: 'val_loss' }).locator('b').textContent();
  assert.equal(await shown(), '0.0500');
  await call(server, 'POST', `/api/v1/runs/${id}/metrics`, { points: [{ key: 'val_loss', step: 20, value: 0.0125 }] });
  await eventually('the new value being shown', async () => (await shown()) === '0.0125', liveMsMax);
  await call(server, 'PATCH', `/api/v1/runs/${id}`, { status: 'completed' });
  await page.locator('header').getByText('completed').waitFor({ timeout: liveMsMax });
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('numbers that JSON has no word for are shown as what they are', async () => {
  const id = await logRun(server, { name: 'diverged' }, 0);
  await call(server, 'POST', `/api/v1/runs/${id}/metrics`, { points: [{ key: 'nan', step: 0, value: 'NaN' }, { key: 'low', step: 0, value: '-Infinity' }] });
  const page = await browser.open(`${server.url}/runs/${id}`);
  const shown = (key) => page.locator('aside .metric', { has: page.getByTitle(key, { exact: true }) }).locator('b').textContent();
  assert.equal(await shown('nan'), 'NaN');
  assert.equal(await shown('low'), '−∞');
  await page.close();
});

test('the table is searched, sorted and narrowed, and the address says how', async () => {
  for (const [index, name] of ['random forest', 'gradient boosting', 'support vectors'].entries()) {
    await logRun(server, { name, params: { depth: index + 2 } }, index + 2);
  }
  const page = await browser.open(`${server.url}/runs`);
  const names = () => page.locator('tbody a.name').allTextContents();
  await eventually('the runs being listed', async () => (await names()).length >= 3);
  await page.keyboard.press('/');
  await page.keyboard.type('forest');
  await eventually('the words being found', async () => (await names()).join() === 'random forest');
  assert.equal(new URL(page.url()).searchParams.get('query'), 'forest');
  await page.locator('[data-search]').fill('params.depth >= 3');
  await eventually('the expression being found', async () => (await names()).length === 2);
  await page.locator('[data-search]').fill('params.depth >=');
  await page.getByRole('alert').waitFor();
  await page.locator('[data-search]').fill('');
  await page.getByTitle('Sort by val_loss').click();
  await eventually('the sort being in the address', () => new URL(page.url()).searchParams.get('sort') === '-metrics.val_loss');
  await eventually('the greatest loss coming first', async () => (await names())[0] === 'random forest');
  await page.getByRole('button', { name: 'Choose columns' }).click();
  await page.getByRole('checkbox', { name: 'depth' }).uncheck();
  await eventually('the column being gone', async () => !(await page.locator('thead').textContent())?.includes('depth'));
  const address = page.url();
  await page.close();
  const again = await browser.open(address);
  await eventually('the same view', async () => (await again.locator('tbody a.name').first().textContent()) === 'random forest');
  assert.ok(!(await again.locator('thead').textContent())?.includes('depth'));
  await again.close();
});

test('runs are selected and compared without a mouse', async () => {
  for (const name of ['left', 'right']) await logRun(server, { name });
  const page = await browser.open(`${server.url}/runs`);
  await page.getByRole('link', { name: 'right', exact: true }).waitFor();
  for (const key of ['j', 'x', 'j', 'x', 'c']) await page.keyboard.press(key);
  await page.getByRole('heading', { level: 1, name: 'Compare runs' }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get('runs')?.split(',').length, 2);
  await page.getByRole('link', { name: 'Charts' }).click();
  await eventually('the charts being drawn', () => page.locator('canvas').count());
  await page.getByRole('slider').fill('0.6');
  assert.equal(new URL(page.url()).searchParams.get('smooth'), '0.6');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('an experiment is made, a run is noted, put into the trash and taken back', async () => {
  const page = await browser.open(`${server.url}/experiments`);
  await page.getByRole('button', { name: 'New experiment' }).click();
  await page.getByLabel('Name').fill('assay 7');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'assay 7' }).waitFor();
  const experiment = Number(new URL(page.url()).pathname.split('/').at(-1));
  const id = await logRun(server, { name: 'first of assay 7', experiment_id: experiment });
  await page.getByRole('link', { name: 'first of assay 7' }).click();
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByLabel('Notes').fill('plate 3 was warm');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('plate 3 was warm').waitFor();
  assert.equal((await call(server, 'GET', `/api/v1/runs/${id}`)).notes, 'plate 3 was warm');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByLabel(/Reason/).fill('mixed up plates');
  await page.getByRole('button', { name: 'Move to the trash' }).click();
  await page.getByText('The run is in the trash').waitFor();
  assert.equal((await call(server, 'GET', `/api/v1/runs?experiment_id=${experiment}`)).items.length, 0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('heading', { level: 1, name: 'first of assay 7' }).waitFor();
  assert.equal((await call(server, 'GET', `/api/v1/runs?experiment_id=${experiment}`)).items.length, 1);
  const trail = await call(server, 'GET', `/api/v1/audit?object_id=${id}`);
  assert.ok(trail.items.some((entry) => entry.reason === 'mixed up plates'));
  await page.close();
});

test('a table of many runs scrolls to its end and keeps few rows in the document', async () => {
  const { experiment_id: experiment } = await call(server, 'POST', '/api/v1/experiments', { name: 'many' });
  const count = 450;
  for (let done = 0; done < count; done += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, index) => logRun(server, { name: `run ${done + index}`, experiment_id: experiment }, 0)));
  }
  const page = await browser.open(`${server.url}/experiments/${experiment}?sort=created_at`);
  await page.getByText(`${count} runs`).waitFor();
  const scroll = page.locator('[data-table]');
  await eventually('the end of the table', async () => {
    await scroll.evaluate((node) => node.scrollTo(0, node.scrollHeight));
    return Number(await page.locator('table').getAttribute('aria-rowcount')) === count;
  });
  assert.ok((await page.locator('tbody tr').count()) < 100);
  await page.close();
});

test('a run says where it ran, where it comes from, what came of it, and how to start it again', async () => {
  const parent = await logRun(server, { name: 'the sweep' }, 1);
  const run = await logRun(server, { name: 'the best of it', parent_run_id: parent, params: { depth: 3 }, config: { python_version: '3.12.4', requirements: ['numpy==1.26.4'] } }, 1);
  await logRun(server, { name: 'a refinement', parent_run_id: run }, 1);
  await call(server, 'POST', '/api/v1/models', { model_id: 'made of it', version: '1.0.0', run_id: run });
  const page = await browser.open(`${server.url}/runs/${run}?tab=code`);
  const lineage = page.getByRole('region', { name: 'Lineage' });
  await lineage.getByRole('link', { name: /the sweep/ }).waitFor();
  await lineage.getByRole('link', { name: /a refinement/ }).waitFor();
  assert.match((await lineage.getByRole('link', { name: /made of it/ }).getAttribute('href')) ?? '', /version=1\.0\.0/);
  await page.locator('aside').getByText('3.12.4').waitFor();
  const code = await page.locator('pre').allTextContents();
  assert.ok(code[0]?.includes(`parent_experiment_id="${run}"`) && code[0].includes('"depth": 3'));
  assert.ok(code[1]?.includes('numpy==1.26.4'));
  await lineage.getByRole('link', { name: /the sweep/ }).click();
  await page.getByRole('heading', { level: 1, name: 'the sweep' }).waitFor();
  await page.close();
});

test('the small screen says in words that the page is not live', async () => {
  const other = await startServer();
  const page = await browser.open(`${other.url}/runs`);
  await page.setViewportSize({ width: 390, height: 800 });
  await page.getByText('live', { exact: true }).waitFor();
  const shown = (text) => page.locator('header').getByText(text, { exact: true }).evaluate((node) => node.getBoundingClientRect().width > 10);
  assert.equal(await shown('live'), false);
  const green = await page.locator('header .state i').evaluate((node) => getComputedStyle(node).backgroundColor);
  await other.stop();
  const away = page.getByText('reconnecting', { exact: true }).or(page.getByText('polling', { exact: true })).first();
  await away.waitFor();
  assert.ok(((await away.boundingBox())?.width ?? 0) > 10);
  const dot = await page.locator('header .state i').evaluate((node) => getComputedStyle(node).backgroundColor);
  assert.notEqual(dot, green);
  await page.close();
});

test('the server going away is said, and so is its coming back', async () => {
  const other = await startServer();
  const page = await browser.open(`${other.url}/runs`);
  await page.getByText('live', { exact: true }).waitFor();
  await other.stop();
  await page.getByText('reconnecting').or(page.getByText('polling', { exact: true })).first().waitFor();
  await page.close();
});

test('artifacts are listed and previewed: table, picture, document, text', async () => {
  const id = await logRun(server, { name: 'with files' }, 2);
  const put = async (path, type, body) => {
    const response = await fetch(`${server.url}/api/v1/runs/${id}/artifacts?path=${encodeURIComponent(path)}`, { method: 'PUT', headers: { 'Content-Type': type }, body });
    assert.equal(response.status, 201, await response.text());
  };
  await put('confusion.csv', 'text/csv', 'actual,benign\nbenign,70\n');
  await put('plots/roc.svg', 'image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><path d="M0 0h40v30"/></svg>');
  await put('report.json', 'application/json', '{"accuracy":0.974}');
  await put('notes.txt', 'text/plain', 'Nothing unusual.');
  await put('empty.txt', 'text/plain', '');
  const page = await browser.open(`${server.url}/runs/${id}?tab=artifacts`);
  await page.getByRole('region', { name: 'The first rows of confusion.csv' }).getByText('70').waitFor();
  await page.getByRole('button', { name: /roc.svg/ }).click();
  await eventually('the picture being shown', () => page.locator('img[alt="roc.svg"]').evaluate((image) => image.complete && image.naturalWidth === 40));
  await page.getByRole('button', { name: /report.json/ }).click();
  await page.getByText('"accuracy": 0.974').waitFor();
  await page.getByRole('button', { name: /notes.txt/ }).click();
  await page.getByText('Nothing unusual.').waitFor();
  await page.getByRole('button', { name: /empty.txt/ }).click();
  await page.getByText('The file is empty.').waitFor();
  assert.ok(new URL(page.url()).searchParams.get('artifact'));
  assert.deepEqual(page.complaints, []);
  await page.close();
});
