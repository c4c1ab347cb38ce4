// SPDX-License-Identifier: MIT
// Models: versions beside the champion, a promotion with its reason, the way back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, eventually, startBrowser, startServer } from './harness.mjs';

const model = 'breast cancer v1.5';
const address = `/api/v1/models/${encodeURIComponent(model)}`;

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  const upload = await fetch(`${server.url}/api/v1/uploads?name=model.pkl`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/octet-stream' },
    body: 'the bytes of a model',
  });
  const { artifact_id: file } = await upload.json();
  const common = { name: 'Breast cancer', model_type: 'classifier', framework: 'scikit-learn', feature_columns: ['mean_radius'], requirements: ['numpy==1.26.4'], signature: { inputs: [{ name: 'input', datatype: 'FP64', shape: [-1, 1] }] }, not_servable_reason: 'no ONNX form' };
  await call(server, 'POST', `${address}/versions`, { ...common, version: '1.0.0', accuracy: 0.951, files: [{ name: 'model.pkl', artifact_id: file }] });
  await call(server, 'POST', `${address}/versions/1.0.0/promote`, { to_status: 'production', reason: 'the first' });
  await call(server, 'POST', `${address}/versions`, { ...common, version: '1.1.0', accuracy: 0.974 });
});

after(async () => {
  await browser?.stop();
  await server?.stop();
});

test('a model is found, and its versions stand beside the champion', async () => {
  const page = await browser.open(`${server.url}/models`);
  await page.getByRole('link', { name: 'Breast cancer', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Breast cancer' }).waitFor();
  assert.equal(decodeURIComponent(new URL(page.url()).pathname), `/models/${model}`);
  const row = page.locator('tbody tr', { hasText: '1.1.0' });
  await row.getByText('staging').waitFor();
  await row.getByText('+0.023').waitFor();
  await page.reload();
  await row.waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a version is promoted with a reason; the former one steps back; both are told', async () => {
  const page = await browser.open(`${server.url}/models/${encodeURIComponent(model)}`);
  await page.getByRole('button', { name: 'Promote 1.1.0' }).click();
  const dialog = page.getByRole('dialog', { name: 'Promote version 1.1.0?' });
  await dialog.getByText('Version 1.0.0, in production until now, goes back to staging').waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Promote' }).isDisabled(), true);
  await dialog.getByLabel('Reason').fill('better recall on the held-out rows');
  await dialog.getByRole('button', { name: 'Promote' }).click();
  const toast = page.getByRole('status').locator('.toast', { hasText: 'Version 1.1.0 is now in production' });
  await toast.waitFor();
  // What was done can be undone where it is told, with a reason like every move.
  await toast.getByRole('button', { name: 'Roll back' }).click();
  await page.getByRole('dialog', { name: 'Roll back to version 1.0.0?' }).waitFor();
  await page.getByRole('button', { name: 'Keep as it is' }).click();
  await page.locator('tbody tr', { hasText: '1.0.0' }).getByText('staging').waitFor();
  await page.getByText('“better recall on the held-out rows”').first().waitFor();
  await page.getByText('1.0.0 made room and went to staging').waitFor();
  const { items } = await call(server, 'GET', `${address}/versions`);
  assert.deepEqual(items.map((version) => [version.version, version.status]), [['1.1.0', 'production'], ['1.0.0', 'staging']]);
  await page.close();
});

test('a promotion made elsewhere shows by itself; a roll back brings the former version', async () => {
  const page = await browser.open(`${server.url}/models/${encodeURIComponent(model)}`);
  await page.getByRole('button', { name: 'Roll back' }).click();
  await page.getByLabel('Reason').fill('too slow');
  await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
  await page.getByText('Version 1.0.0 is in production again').waitFor();
  await page.locator('tbody tr', { hasText: '1.0.0' }).getByText('production').waitFor();
  await call(server, 'POST', `${address}/versions/1.1.0/promote`, { to_status: 'production', reason: 'fixed' });
  await page.locator('tbody tr', { hasText: '1.1.0' }).getByText('production').waitFor();
  await page.close();
});

test('the stages show where each version stands', async () => {
  const page = await browser.open(`${server.url}/models/${encodeURIComponent(model)}`);
  const stage = (name) => page.getByRole('list', { name: 'Stages' }).getByRole('listitem').filter({ hasText: name });
  await stage('production').getByText('1.1.0').waitFor();
  await stage('staging').getByText('1.0.0').waitFor();
  await page.close();
});

test('a version that has predicted nothing says 0', async () => {
  const page = await browser.open(`${server.url}/models/${encodeURIComponent(model)}`);
  const row = page.getByRole('region', { name: 'Versions' }).getByRole('row', { name: '1.0.0' });
  await row.waitFor();
  assert.ok((await row.locator('[role=cell], [role=gridcell], td').allTextContents()).some((text) => text.trim() === '0'));
  await page.close();
});

test('a version opened by its link keeps the place and the view, and Back closes it', async () => {
  const page = await browser.open(`${server.url}/models/${encodeURIComponent(model)}?sort=version`);
  await page.setViewportSize({ width: 1024, height: 400 });
  const link = page.getByRole('region', { name: 'Versions' }).getByRole('link', { name: '1.0.0', exact: true });
  await link.waitFor();
  await page.evaluate(() => window.scrollTo(0, 120));
  await eventually('the page being scrolled', () => page.evaluate(() => history.state?.y === 120));
  await link.click();
  await page.getByRole('dialog', { name: 'Version 1.0.0' }).waitFor();
  const { search } = new URL(page.url());
  assert.equal(search, '?sort=version&version=1.0.0');
  assert.equal(await page.evaluate(() => window.scrollY), 120);
  await page.goBack();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(new URL(page.url()).search, '?sort=version');
  assert.equal(await page.evaluate(() => window.scrollY), 120);
  await page.close();
});

test('the lines that ask a model name it as the address bar would, and say which address is meant', async () => {
  const page = await browser.open(`${server.url}/models/${encodeURIComponent(model)}`);
  await page.getByRole('button', { name: 'curl' }).click();
  const text = await page.locator('pre').first().textContent();
  assert.ok(text?.includes(`/v1/models/${encodeURIComponent(model)}/predict`), text ?? '');
  await page.getByText('is the default address').waitFor();
  await page.close();
});

test('a version opens beside the table, with its files and why it cannot be served', async () => {
  const page = await browser.open(`${server.url}/models/${encodeURIComponent(model)}`);
  await page.getByRole('region', { name: 'Versions' }).getByRole('link', { name: '1.0.0', exact: true }).click();
  const drawer = page.getByRole('dialog', { name: 'Version 1.0.0' });
  await drawer.getByText('Cannot be served: no ONNX form').waitFor();
  await drawer.getByRole('button', { name: 'served' }).hover();
  await page.getByRole('tooltip').getByText('A version a model server can run').waitFor();
  await drawer.getByText('FP64').first().waitFor();
  await drawer.getByText('numpy==1.26.4').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), drawer.getByRole('button', { name: 'Download model.pkl' }).click()]);
  assert.equal(download.suggestedFilename(), 'model.pkl');
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  assert.equal(new URL(page.url()).searchParams.get('version'), null);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the overview says what is in production, and the audit trail who put it there', async () => {
  const page = await browser.open(server.url);
  await page.getByRole('region', { name: 'In production now' }).getByText('Breast cancer').waitFor();
  await page.goto(`${server.url}/audit`);
  await eventually('the promotion being in the trail', () => page.getByText('too slow').count());
  await page.getByRole('button', { name: /promoted/ }).first().click();
  await page.getByRole('dialog', { name: 'Audit entry' }).getByText('Leaf hash').waitFor();
  await page.close();
});
