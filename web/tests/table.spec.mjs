// SPDX-License-Identifier: MIT
// Tables: columns resized, moved, pinned and sorted by several; rows tagged, deleted and taken back; views under a
// name; what the address and the history remember.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { call, eventually, logRun, startBrowser, startServer } from './harness.mjs';

let server;
let browser;
let experiment;
const runs = {};

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  experiment = (await call(server, 'POST', '/api/v1/experiments', { name: 'tables' })).experiment_id;
  for (const [name, depth, kind] of [['a', 1, 'x'], ['b', 3, 'x'], ['c', 2, 'y'], ['d', 4, 'y']]) {
    runs[name] = await logRun(server, { name, experiment_id: experiment, params: { depth }, model_type: kind }, 2);
  }
  await call(server, 'PATCH', `/api/v1/runs/${runs.a}`, { status: 'completed' });
});

after(async () => {
  await browser?.stop();
  await server?.stop();
});

const open = () => browser.open(`${server.url}/experiments/${experiment}?columns=model_type,params.depth,status`);
const headings = (page) => page.locator('thead th .heading').allInnerTexts().then((texts) => texts.map((text) => text.trim()));
const names = (page) => page.locator('tbody a.name').allTextContents();
const query = (page, key) => new URL(page.url()).searchParams.get(key);

async function menu(page, column, item) {
  await page.locator('th', { hasText: column }).hover();
  await page.getByRole('button', { name: `Column ${column}` }).click();
  await page.getByRole('group', { name: `Column ${column}` }).getByRole('button', { name: item }).click();
}

test('rows are sorted by one column and then by another, and the address says so', async () => {
  const page = await open();
  await page.getByRole('link', { name: 'a', exact: true }).waitFor();
  await page.getByTitle('Sort by Model type').click();
  await page.getByTitle('Sort by depth').click({ modifiers: ['Shift'] });
  await eventually('both sorts', () => query(page, 'sort') === 'model_type,-params.depth');
  await eventually('the order', async () => (await names(page)).join() === 'b,a,d,c');
  await page.getByTitle('Sort by depth').click({ modifiers: ['Shift'] });
  await eventually('the other order', async () => (await names(page)).join() === 'a,b,c,d');
  await page.reload();
  await eventually('the same order', async () => (await names(page)).join() === 'a,b,c,d');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('columns are moved, pinned, resized and hidden by their menu, and stay so', async () => {
  const page = await open();
  await page.getByRole('link', { name: 'a', exact: true }).waitFor();
  assert.deepEqual(await headings(page), ['Run', 'Model type', 'depth', 'Status']);
  await menu(page, 'Status', 'Move left');
  await eventually('the column moving', async () => (await headings(page)).join() === 'Run,Model type,Status,depth');
  assert.equal(query(page, 'columns'), 'model_type,status,params.depth');
  await page.keyboard.press('Escape');
  await menu(page, 'depth', 'Pin beside the first');
  await eventually('the column being pinned', async () => (await headings(page)).join() === 'Run,depth,Model type,Status');
  assert.equal(query(page, 'pin'), 'params.depth');
  const width = async () => (await page.locator('th', { hasText: 'Status' }).boundingBox())?.width ?? 0;
  const before = await width();
  await menu(page, 'Status', 'Wider');
  await eventually('the column being wider', async () => (await width()) > before + 30);
  const wide = await width();
  await page.reload();
  await page.getByRole('link', { name: 'a', exact: true }).waitFor();
  assert.ok(Math.abs((await width()) - wide) < 2);
  await menu(page, 'Status', 'Hide the column');
  await eventually('the column being gone', async () => (await headings(page)).join() === 'Run,depth,Model type');
  await page.evaluate(() => localStorage.clear());
  await page.close();
});

test('a column is made wider by its edge, and dragged to another place', async () => {
  const page = await open();
  await page.getByRole('link', { name: 'a', exact: true }).waitFor();
  const head = page.locator('th', { hasText: 'Model type' });
  const before = await head.boundingBox();
  await page.mouse.move(before.x + before.width - 1, before.y + 12);
  await page.mouse.down();
  await page.mouse.move(before.x + before.width + 60, before.y + 12, { steps: 4 });
  await page.mouse.up();
  const after = await head.boundingBox();
  assert.ok(after.width > before.width + 40, `${before.width} to ${after.width}`);
  await page.locator('th', { hasText: 'Status' }).locator('.heading').dragTo(page.locator('th', { hasText: 'Model type' }));
  await eventually('the column being dropped', async () => (await headings(page)).join() === 'Run,Status,Model type,depth');
  await page.evaluate(() => localStorage.clear());
  await page.close();
});

test('rows stand closer when asked, on every table', async () => {
  const page = await open();
  await page.getByRole('link', { name: 'a', exact: true }).waitFor();
  const height = async () => (await page.locator('tbody tr').first().boundingBox())?.height;
  assert.equal(await height(), 36);
  await page.getByRole('button', { name: 'Compact rows' }).click();
  assert.equal(await height(), 28);
  await page.goto(`${server.url}/audit`);
  await page.locator('tbody tr').first().waitFor();
  assert.equal(await height(), 28);
  await page.evaluate(() => localStorage.clear());
  await page.close();
});

test('several runs are tagged, deleted with a reason and taken back', async () => {
  const page = await open();
  await page.getByRole('link', { name: 'a', exact: true }).waitFor();
  await call(server, 'PATCH', `/api/v1/runs/${runs.a}`, { tags: [{ key: 'kept', value: 'yes' }, { key: 'team', value: 'old' }] });
  for (const name of ['a', 'b']) await page.locator('tbody tr', { has: page.getByRole('link', { name, exact: true }) }).getByRole('checkbox').check();
  const bar = page.getByRole('region', { name: 'Selected runs' });
  await bar.getByRole('button', { name: 'Tag' }).click();
  const dialog = page.getByRole('dialog', { name: 'Tag 2 runs' });
  await dialog.getByLabel('Tag', { exact: true }).fill('team');
  await dialog.getByLabel(/Value/).fill('assay');
  await dialog.getByRole('button', { name: 'Tag', exact: true }).click();
  await page.getByText('Tagged 2 runs').waitFor();
  assert.deepEqual((await call(server, 'GET', `/api/v1/runs/${runs.a}`)).tags, [{ key: 'kept', value: 'yes' }, { key: 'team', value: 'assay' }]);
  await bar.getByRole('button', { name: 'Delete' }).click();
  await page.getByLabel(/Reason/).fill('a wrong plate');
  await page.getByRole('button', { name: 'Move to the trash' }).click();
  await page.getByText('2 runs are in the trash').waitFor();
  await eventually('the rows being gone', async () => !(await names(page)).includes('a'));
  assert.equal((await call(server, 'GET', `/api/v1/runs?experiment_id=${experiment}`)).total, 2);
  await page.getByRole('button', { name: 'Undo' }).click();
  await eventually('the rows being back', async () => (await names(page)).length === 4);
  assert.equal((await call(server, 'GET', `/api/v1/runs?experiment_id=${experiment}`)).total, 4);
  await page.close();
});

test('a view is saved under a name, taken up again, and removed', async () => {
  const page = await browser.open(`${server.url}/experiments/${experiment}?query=params.depth+>+2&sort=name`);
  await eventually('the narrowed list', async () => (await names(page)).join() === 'b,d');
  await page.getByRole('button', { name: 'Saved views' }).click();
  await page.getByLabel('Name of the view').fill('deep ones');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.goto(`${server.url}/runs`);
  await page.getByRole('link', { name: 'a', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Saved views' }).click();
  await page.getByRole('link', { name: 'deep ones' }).click();
  await eventually('the same view', async () => (await names(page)).join() === 'b,d');
  assert.equal(query(page, 'sort'), 'name');
  await page.getByRole('button', { name: 'Saved views' }).click();
  await page.getByRole('button', { name: 'Remove the view deep ones' }).click();
  await page.getByRole('link', { name: 'deep ones' }).waitFor({ state: 'detached' });
  await page.evaluate(() => localStorage.clear());
  await page.close();
});

test('the heading counts what runs on all pages, and a hover says every digit', async () => {
  const { experiment_id: many } = await call(server, 'POST', '/api/v1/experiments', { name: 'many pages' });
  for (let done = 0; done < 260; done += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => logRun(server, { name: `n${done + index}`, experiment_id: many }, 0)));
  }
  const id = await logRun(server, { name: 'precise', experiment_id: many }, 0);
  await call(server, 'POST', `/api/v1/runs/${id}/metrics`, { points: [{ key: 'auc', step: 0, value: 0.123456789 }] });
  const page = await browser.open(`${server.url}/experiments/${many}`);
  await page.getByText('261 runs, 261 running').waitFor();
  await page.getByTitle('0.123456789').getByText('0.123', { exact: true }).waitFor();
  await page.close();
});

test('every list is exported, whole', async () => {
  await call(server, 'POST', '/api/v1/schemas', { schema_id: 's', name: 'S', columns: { x: { type: 'float' } } });
  await call(server, 'POST', '/api/v1/feature-configs', { config_id: 'c', name: 'C', numeric_features: ['x'] });
  await call(server, 'POST', '/api/v1/models', { model_id: 'm', version: '1.0.0' });
  await call(server, 'POST', '/api/v1/predictions', { predictions: [{ model_id: 'm', model_version: '1.0.0', latency_ms: 1, success: true }] });
  const page = await browser.open(`${server.url}/experiments`);
  for (const [path, name] of [['/experiments', 'experiments'], ['/models', 'models'], ['/data?tab=schemas', 'schemas'], ['/data?tab=features', 'feature-configs'], ['/monitoring', 'monitoring-models'], ['/audit', 'audit']]) {
    await page.goto(server.url + path);
    await page.getByRole('button', { name: 'Export the list' }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
    assert.equal(download.suggestedFilename(), `${name}.csv`);
    const text = readFileSync(await download.path(), 'utf8');
    if (name === 'experiments') assert.match(text, /tables/);
  }
  await page.close();
});

test('Back undoes a filter, a tab and a drawer, and finds the place in a long table', async () => {
  const { experiment_id: long } = await call(server, 'POST', '/api/v1/experiments', { name: 'long' });
  for (let done = 0; done < 300; done += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, index) => logRun(server, { name: `row ${String(done + index).padStart(3, '0')}`, experiment_id: long }, 0)));
  }
  const page = await browser.open(`${server.url}/experiments/${long}?sort=name`);
  await page.getByText('300 runs').waitFor();
  await page.locator('[data-search]').fill('row 01');
  await page.getByText('10 runs').first().waitFor();
  await page.goBack();
  await page.getByText('300 runs').waitFor();
  assert.equal(query(page, 'query'), null);
  const table = page.locator('[data-table]');
  await eventually('the second page of rows', async () => {
    await table.evaluate((node) => node.scrollTo(0, 8000));
    return Number(await page.locator('table').getAttribute('aria-rowcount')) === 300;
  });
  await table.evaluate((node) => node.scrollTo(0, 8000));
  await eventually('the place being kept', () => page.evaluate(() => history.state?.['top Runs'] === 8000));
  await page.getByRole('link', { name: 'row 225' }).click();
  await page.getByRole('heading', { level: 1, name: 'row 225' }).waitFor();
  await page.getByRole('link', { name: 'Artifacts' }).click();
  await page.getByText('This run kept no files').waitFor();
  await page.goBack();
  await page.getByText('No metrics were logged yet').waitFor();
  await page.goBack();
  await eventually('the table being where it was left', async () => (await table.evaluate((node) => node.scrollTop)) === 8000);
  await page.getByRole('link', { name: 'row 225' }).waitFor();
  await page.goto(`${server.url}/audit?action=run`);
  await page.locator('tbody button.name').first().click();
  await page.getByRole('dialog', { name: 'Audit entry' }).waitFor();
  assert.equal(query(page, 'action'), 'run');
  await page.goBack();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(query(page, 'action'), 'run');
  assert.deepEqual(page.complaints, []);
  await page.close();
});
