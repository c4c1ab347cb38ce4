// SPDX-License-Identifier: MIT
// Deployments on real replicas behind a real gateway: made, followed, judged, promoted and rolled back from the page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, eventually, startBrowser, startServer } from './harness.mjs';
import { becomes, deploy, deployment, model, predict, registerModel } from './rollouts.mjs';

const liveMsMax = 8000;
const deployMsMax = 40_000;

let server;
let browser;
let page;
let url;

before(async () => {
  server = await startServer(['--no-worker']);
  browser = await startBrowser();
  await registerModel(server);
});

after(async () => {
  await browser?.stop();
  await server?.stop();
});

const steps = () => page.getByRole('list', { name: 'Steps of the roll-out' });
const button = (name) => page.getByRole('button', { name, exact: true });

/** Opens the dialog of a button, gives the reason and sends it. */
async function say(name, reason) {
  await button(name).first().click();
  await page.getByRole('dialog').getByLabel(/Reason/).fill(reason);
  await page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

async function reasons(id) {
  const { items } = await call(server, 'GET', `/api/v1/audit?object_type=deployment&object_id=${id}&limit=200`);
  return items.map((entry) => `${entry.action}: ${entry.reason}`);
}

test('the empty list shows how to fill it; the dialog deploys, and its page follows by itself', async () => {
  page = await browser.open(`${server.url}/deployments`);
  await page.getByText('Nothing is deployed yet').waitFor();
  await button('New deployment').click();
  const dialog = page.getByRole('dialog', { name: 'New deployment' });
  await dialog.getByLabel('Version').selectOption('1.0.0');
  await dialog.getByLabel('Environment').selectOption('production');
  await dialog.getByText('Immediate', { exact: true }).click();
  assert.equal(await dialog.getByRole('button', { name: 'Deploy' }).isDisabled(), true);
  await dialog.getByLabel('Reason').fill('the first one');
  await dialog.getByRole('button', { name: 'Deploy' }).click();
  await page.getByRole('heading', { level: 1, name: `${model} 1.0.0` }).waitFor();
  await page.getByText('deployed', { exact: true }).waitFor({ timeout: deployMsMax });
  await steps().locator('[aria-current=step]', { hasText: 'Watch' }).waitFor();
  assert.deepEqual(await steps().locator('.name').allTextContents(), ['Start, done', 'Probe, done', 'Switch, done', 'Watch, under way']);
  await page.getByRole('region', { name: 'Replicas' }).getByText('healthy').waitFor();
  const id = page.url().split('/').at(-1);
  ({ endpoint_url: url } = await deployment(server, id));
  await page.getByText(url, { exact: true }).waitFor();
  assert.deepEqual(await predict(url, 3), { '1.0.0': 3 });
  assert.deepEqual(page.complaints, []);
});

test('a canary: its shares, what live traffic says, another share, pause and resume, promotion', async () => {
  await deploy(server, { deployment_id: 'two', model_version: '1.1.0', strategy: 'canary', canary_traffic_percentage: 20, canary_steps: [50], canary_step_minutes: 60 });
  await page.goto(`${server.url}/deployments`);
  await page.getByRole('link', { name: model }).first().click();
  await page.getByRole('heading', { level: 1, name: `${model} 1.1.0` }).waitFor();
  await steps().locator('[aria-current=step]', { hasText: '20' }).waitFor({ timeout: deployMsMax });
  await page.getByText('No traffic yet.').waitFor();
  await say('Pause', 'somebody looks');
  await page.getByText('Paused, it waits for a person.').waitFor({ timeout: liveMsMax });
  await button('Set share').click();
  await page.getByLabel('Share of the requests, %').fill('40');
  await page.getByRole('dialog').getByLabel('Reason').fill('more of it');
  await page.getByRole('dialog').getByRole('button', { name: 'Set the share' }).click();
  await page.getByRole('region', { name: 'Traffic' }).getByText('40').waitFor({ timeout: liveMsMax });
  // The counts come while one looks.
  const answered = await predict(url, 60);
  assert.ok(answered['1.0.0'] > 0 && answered['1.1.0'] > 0, JSON.stringify(answered));
  await page.getByRole('img', { name: /requests failed/ }).waitFor({ timeout: liveMsMax });
  await eventually('the counts of both', async () => {
    const said = (await page.getByRole('region', { name: 'Traffic' }).locator('.counts').allTextContents()).map((text) => Number(/^([\d,]+) requests/.exec(text.trim())?.[1]));
    return said.length === 2 && said[0] + said[1] === 63;
  }, liveMsMax);
  await eventually('a line for each version', async () => (await page.locator('section[aria-label="Requests/s"] .legend li').count()) === 2, liveMsMax);
  await say('Resume', 'looked');
  await page.getByText('Paused, it waits for a person.').waitFor({ state: 'detached', timeout: liveMsMax });
  await say('Promote', 'good enough');
  await page.getByText('deployed', { exact: true }).waitFor({ timeout: deployMsMax });
  assert.deepEqual(await steps().locator('.name').allTextContents().then((names) => names.slice(3)), ['50\u202f%, left out', 'Promote, done', 'Watch, under way']);
  assert.deepEqual(await predict(url, 5), { '1.1.0': 5 });
  const said = await reasons('two');
  for (const reason of ['pause: somebody looks', 'set_traffic: more of it', 'resume: looked', 'promote: good enough']) assert.ok(said.includes(`deployment.${reason}`), `${reason} in ${said}`);
  assert.deepEqual(page.complaints, []);
});

test('a verdict of live traffic brings the next share, and then waits for a person', async () => {
  await deploy(server, { deployment_id: 'three', model_version: '1.0.0', strategy: 'canary', canary_traffic_percentage: 50, canary_step_minutes: 60, rollback_error_threshold: 0.5 });
  await becomes(server, 'three', 'judged', (found) => found.phase === 'analysing');
  await page.goto(`${server.url}/deployments/three`);
  await page.getByText('no verdict yet').waitFor();
  await eventually('a verdict', async () => {
    await predict(url, 60);
    return (await deployment(server, 'three')).verdict === 'success';
  }, deployMsMax);
  await page.getByText('Ready to be promoted.').waitFor({ timeout: liveMsMax });
  await steps().locator('[aria-current=step]', { hasText: 'Promote' }).waitFor();
  await page.goto(`${server.url}/deployments`);
  await page.getByText('Waits to be promoted').waitFor();
  await page.goto(server.url);
  await page.getByRole('link', { name: new RegExp(`Roll-out of ${model} 1.0.0 in production waits to be promoted`) }).click();
  await say('Abort', 'the release is off');
  await page.getByText('rolled back', { exact: true }).waitFor({ timeout: deployMsMax });
  await steps().getByText('taken back here').waitFor({ state: 'attached' });
  assert.deepEqual(await predict(url, 3), { '1.1.0': 3 });
});

test('roll back names where it goes to, and goes there', async () => {
  await page.goto(`${server.url}/deployments/two`);
  await button('Roll back').click();
  const dialog = page.getByRole('dialog', { name: /Roll back version 1.1.0/ });
  await dialog.getByRole('option', { name: /version 1\.0\.0, deployed .*the one before/ }).waitFor({ state: 'attached' });
  await dialog.getByLabel('Reason').fill('worse after all');
  await dialog.getByRole('button', { name: 'Roll back' }).click();
  await page.getByText('rolled back', { exact: true }).waitFor({ timeout: deployMsMax });
  assert.deepEqual(await predict(url, 3), { '1.0.0': 3 });
  assert.ok((await reasons('two')).includes('deployment.roll_back: worse after all'));
  // The words that no longer fit are gone.
  assert.equal(await button('Roll back').count(), 0);
});

test('a roll-out that fails says where and why; what is refused keeps the dialog open', async () => {
  await deploy(server, { deployment_id: 'slow', model_version: '1.1.0', strategy: 'blue_green', rollback_latency_threshold_ms: 0.0001 });
  await eventually('the failure', async () => (await deployment(server, 'slow')).status === 'failed', deployMsMax);
  await page.goto(`${server.url}/deployments/slow`);
  await page.getByText('The roll-out failed.').waitFor();
  assert.equal(await steps().locator('li.failed .name').textContent(), 'Probe, failed here');
  assert.equal(await page.getByText('Side by side').count(), 0);
  // The way from a version's drawer.
  await page.goto(`${server.url}/models/${model}?version=1.0.0`);
  await page.getByRole('dialog').getByRole('link', { name: 'Deploy' }).click();
  const dialog = page.getByRole('dialog', { name: 'New deployment' });
  // Its versions come with an answer of the server.
  await eventually('the version', async () => (await dialog.getByLabel('Version').inputValue()) === '1.0.0', deployMsMax);
  await dialog.getByLabel('Shares before the whole, %').fill('50, 10');
  await dialog.getByLabel('Reason').fill('try');
  await dialog.getByRole('button', { name: 'Deploy' }).click();
  await dialog.getByRole('alert').getByText('each above the one before').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.getByLabel('Status', { exact: true }).selectOption('failed');
  await eventually('one row', async () => (await page.locator('[data-table] a.name').count()) === 1);
  assert.ok(page.url().includes('status=failed'));
  await page.goto(`${server.url}/deployments/nobody`);
  await page.getByRole('alert').getByText('Could not load the deployment').waitFor();
});

test('by keyboard alone: go there, open one, find another by name', async () => {
  await page.goto(server.url);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('p');
  await page.getByRole('heading', { level: 1, name: 'Deployments' }).waitFor();
  await page.getByRole('link', { name: model }).first().waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: new RegExp(model) }).waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: /Search runs/ }).fill('in production');
  await page.getByRole('option', { name: /1\.0\.0 in production/ }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: new RegExp(model) }).waitFor();
  await page.close();
});
