// SPDX-License-Identifier: MIT
// Data: a file checked against a schema, its report with distributions, a pipeline run from start to end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, startBrowser, startServer } from './harness.mjs';

const workMsMax = 60_000;

let server;
let browser;

async function upload(name, text) {
  const response = await fetch(`${server.url}/api/v1/uploads?name=${name}`, { method: 'PUT', headers: { 'Content-Type': 'text/csv' }, body: text });
  return (await response.json()).artifact_id;
}

/** 200 samples, ten of them without a concentration, one with a text for a number, one row twice. */
function samples() {
  const rows = ['sample_id,sample_type,concentration,approved'];
  for (let index = 0; index < 200; index += 1) {
    const concentration = index % 20 === 0 ? '' : index === 7 ? 'n/a?' : (20 + (index % 37) / 3).toFixed(2);
    rows.push(`s${index},${index % 3 ? 'DNA' : 'RNA'},${concentration},${index % 2 === 0}`);
  }
  rows.push(rows[5]);
  return `${rows.join('\n')}\n`;
}

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});

after(async () => {
  await browser?.stop();
  await server?.stop();
});

test('an empty page shows the lines that fill it', async () => {
  const page = await browser.open(`${server.url}/data`);
  await page.getByText('Nothing here yet').waitFor();
  assert.ok((await page.locator('pre').textContent())?.includes('run_pipeline'));
  await page.close();
});

test('a schema says in words what a table must be', async () => {
  await call(server, 'POST', '/api/v1/schemas', {
    schema_id: 'samples',
    name: 'Samples',
    columns: {
      sample_id: { type: 'string', nullable: false },
      sample_type: { type: 'string', allowed_values: ['DNA', 'RNA'] },
      concentration: { type: 'float', min: 0, max: 1000 },
      approved: { type: 'boolean' },
    },
    validation_rules: [{ rule: 'comparison', left: 'concentration', op: '<', value: 500 }],
  });
  await call(server, 'POST', '/api/v1/feature-configs', { config_id: 'plain', name: 'Plain', numeric_features: ['concentration'], categorical_features: ['sample_type'] });
  const page = await browser.open(`${server.url}/data?tab=schemas`);
  await page.getByRole('link', { name: 'Samples', exact: true }).click();
  await page.getByText('0 to 1000').waitFor();
  await page.getByText('one of DNA, RNA').waitFor();
  await page.getByText('concentration < 500').waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a report appears when the worker is done, with issues and a distribution for every column', async () => {
  const report = await call(server, 'POST', '/api/v1/quality-reports', { schema_id: 'samples', upload_id: await upload('samples.csv', samples()) });
  const page = await browser.open(`${server.url}/data/quality/${report.report_id}`);
  await page.getByText('missing values').first().waitFor({ timeout: workMsMax });
  assert.equal(await page.locator('.head .big').nth(1).textContent(), '201');
  const severities = await page.locator('.issues .severity').allInnerTexts();
  const rank = (severity) => ['error', 'warning', 'info'].indexOf(severity.trim());
  assert.deepEqual(severities, [...severities].sort((a, b) => rank(a) - rank(b)));
  assert.ok(new Set(severities).size > 1, severities.join());
  const column = page.locator('article', { hasText: 'concentration' });
  await column.getByRole('img', { name: /Distribution of concentration/ }).waitFor();
  assert.ok((await column.locator('rect').count()) > 5);
  await page.locator('article', { hasText: 'sample_type' }).getByText('DNA, RNA').waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a pipeline run is followed to its end, and its output taken', async () => {
  const run = await call(server, 'POST', '/api/v1/pipeline-runs', { pipeline_id: 'daily', schema_id: 'samples', feature_config_id: 'plain', upload_id: await upload('samples.csv', samples()) });
  const page = await browser.open(`${server.url}/data`);
  await page.getByRole('link', { name: 'daily' }).click();
  await page.getByRole('heading', { level: 1, name: 'daily' }).waitFor();
  await page.locator('header').getByText('completed').waitFor({ timeout: workMsMax });
  assert.notEqual((await call(server, 'GET', `/api/v1/pipeline-runs/${run.run_id}`)).output_rows, 0);
  assert.ok((await page.locator('.steps li').count()) > 2);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download CSV' }).click()]);
  assert.match(download.suggestedFilename(), /\.csv$/);
  await page.getByRole('link', { name: 'Report', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Samples' }).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a list longer than a page says that there is more, and reads on', async () => {
  const other = await startServer(['--no-worker']);
  try {
    const count = 230;
    for (let done = 0; done < count; done += 46) {
      await Promise.all(Array.from({ length: 46 }, (_, index) => call(other, 'POST', '/api/v1/schemas', { schema_id: `s${done + index}`, name: `S ${done + index}`, columns: { x: { type: 'float' } } })));
    }
    const page = await browser.open(`${other.url}/data?tab=schemas`);
    const tab = page.getByRole('navigation', { name: 'Kinds of data records' }).getByRole('link', { name: /Schemas/ });
    await tab.getByText('200+').waitFor();
    await page.locator('[data-table]').evaluate((node) => node.scrollTo(0, node.scrollHeight));
    await tab.getByText(String(count), { exact: true }).waitFor();
    // Sorting in the browser looks at all of them, from the first.
    await page.goto(`${other.url}/data?tab=schemas&sort=name`);
    await page.locator('tbody a.name').first().getByText('S 0', { exact: true }).waitFor();
    await page.close();
  } finally {
    await other.stop();
  }
});

test('a run is cancelled with a reason, and says that it was', async () => {
  const other = await startServer(['--no-worker']);
  try {
    await call(other, 'POST', '/api/v1/schemas', { schema_id: 's', name: 'S', columns: { x: { type: 'float' } } });
    await call(other, 'POST', '/api/v1/feature-configs', { config_id: 'c', name: 'C', numeric_features: ['x'] });
    const put = await fetch(`${other.url}/api/v1/uploads?name=x.csv`, { method: 'PUT', headers: { 'Content-Type': 'text/csv' }, body: 'x\n1\n2\n' });
    const { artifact_id: file } = await put.json();
    const run = await call(other, 'POST', '/api/v1/pipeline-runs', { pipeline_id: 'nightly', schema_id: 's', feature_config_id: 'c', upload_id: file });
    const page = await browser.open(`${other.url}/data/pipelines/${run.run_id}`);
    await page.getByText('Waiting for a worker').waitFor();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByLabel(/Reason/).fill('wrong plate');
    await page.getByRole('button', { name: 'Cancel the run' }).click();
    await page.getByRole('alert').getByText('cancelled').waitFor();
    await page.close();
  } finally {
    await other.stop();
  }
});
