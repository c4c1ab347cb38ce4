// SPDX-License-Identifier: MIT
// A/B tests on real data: planned, started, looked at while it comes, stopped by a verdict; a split that is off and a
// broken guardrail come first.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, eventually, startBrowser, startServer } from './harness.mjs';
import { createTest, logUsers } from './rollouts.mjs';

const liveMsMax = 10_000;

let server;
let browser;
let page;

before(async () => {
  server = await startServer(['--no-worker']);
  browser = await startBrowser();
});

after(async () => {
  await browser?.stop();
  await server?.stop();
});

const decision = () => page.getByRole('region', { name: 'Decision' });
const check = (name) => decision().getByRole('list', { name: 'What must hold first' }).getByRole('listitem').filter({ hasText: name });

async function say(name, reason) {
  await page.getByRole('button', { name, exact: true }).first().click();
  await page.getByRole('dialog').getByLabel(/Reason/).fill(reason);
  await page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

test('the planner answers as one types, without any test', async () => {
  page = await browser.open(`${server.url}/abtests`);
  await page.getByText('No A/B tests yet').waitFor();
  await page.getByRole('button', { name: 'Plan a test' }).click();
  const planner = page.getByRole('dialog', { name: 'Plan a test' });
  await planner.getByLabel('Method').selectOption('fixed');
  await planner.getByLabel('Share in control, 0 to 1').fill('0.1');
  await planner.getByLabel('Change to find, %').fill('20');
  await planner.getByLabel('Users a day').fill('1000');
  // 3,841 of each: as the route's own case has it.
  await planner.locator('dd', { hasText: '7,682' }).waitFor();
  await planner.locator('dd', { hasText: '3,841' }).waitFor();
  await planner.getByLabel('Share in control, 0 to 1').fill('2');
  await planner.getByRole('alert').getByText('a rate lies between 0 and 1').waitFor();
  await page.keyboard.press('Escape');
  await planner.waitFor({ state: 'detached' });
  // The browser reports the refused designs itself.
  assert.deepEqual(page.complaints.splice(0).filter((text) => !/status of 400/.test(text)), []);
});

test('a test is started, its results come while one looks, and the verdict says what to do', async () => {
  await createTest(server, 'threshold');
  await page.goto(`${server.url}/abtests`);
  await page.getByRole('link', { name: 'New threshold against the old' }).click();
  await decision().getByText('Not started').waitFor();
  await say('Start', 'everything is ready');
  await decision().getByText('Wait', { exact: true }).waitFor({ timeout: liveMsMax });
  await logUsers(server, 'threshold', 300, { control: 0.3, candidate: 0.45 }, { seed: 3 });
  await check('Users').getByText(/\d/).first().waitFor();
  await eventually('the users being counted', async () => /300 users/.test(await page.locator('main').textContent()), liveMsMax);
  await logUsers(server, 'threshold', 3000, { control: 0.3, candidate: 0.45 }, { seed: 4, from: 300 });
  await decision().getByText('Ship candidate').waitFor({ timeout: liveMsMax });
  const { verdict, metrics } = await call(server, 'GET', '/api/v1/abtests/threshold/results');
  assert.equal(verdict.decision, 'better');
  await decision().getByText(verdict.reason).waitFor();
  // The page's numbers are the route's.
  const primary = metrics.find((one) => one.role === 'primary' && one.variant === 'candidate');
  const bar = page.getByRole('region', { name: 'Metrics' }).getByRole('img', { name: /^conversion, candidate/ });
  const lift = `+${(primary.relative.effect * 100).toPrecision(3)}\u202f%`;
  assert.ok((await bar.getAttribute('aria-label')).includes(lift), `${await bar.getAttribute('aria-label')} has ${lift}`);
  assert.deepEqual(await page.getByRole('region', { name: 'Metrics' }).locator('.group').allTextContents().then((texts) => texts.map((text) => text.trim().split(/\s{2,}|(?<=Decides)|(?<=at)\s|(?<=Guardrails)/)[0].slice(0, 10))), ['Decides', 'Also looke', 'Guardrails', '▸ Found in']);
  await page.getByRole('button', { name: /Found in the answers/ }).click();
  await page.getByRole('rowheader', { name: /depth/ }).waitFor();
  await page.locator('section[aria-label="Interval over time"] canvas').waitFor();
  await page.locator('section[aria-label="Users over time"] canvas').waitFor();
  assert.deepEqual(page.complaints, []);
});

test('the users over time end where the users are, and the intervals with what the results say', async () => {
  await page.goto(`${server.url}/abtests/threshold?table=Users over time,Interval over time`);
  const table = page.getByRole('region', { name: 'Users over time as a table' });
  const { variants } = await call(server, 'GET', '/api/v1/abtests/threshold/results');
  for (const variant of variants) await table.getByRole('row').filter({ hasText: variant.name }).first().getByText(String(variant.users), { exact: true }).waitFor();
  await page.getByRole('region', { name: 'Interval over time as a table' }).getByRole('row').filter({ hasText: 'candidate, high' }).first().waitFor();
});

test('pause, resume and stop ask why, and the audit has it', async () => {
  await page.goto(`${server.url}/abtests/threshold`);
  await say('Pause', 'the plates are late');
  await page.locator('header').getByText('paused', { exact: true }).waitFor({ timeout: liveMsMax });
  await say('Resume', 'they came');
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByRole('dialog').getByText('Ship candidate').waitFor();
  await page.getByRole('dialog').getByLabel('Reason').fill('shown');
  await page.getByRole('dialog').getByRole('button', { name: 'Stop', exact: true }).click();
  await page.locator('header').getByText('completed', { exact: true }).waitFor({ timeout: liveMsMax });
  for (const reason of ['everything is ready', 'the plates are late', 'they came', 'shown']) await page.getByText(`“${reason}”`).waitFor({ timeout: liveMsMax });
  assert.equal(await page.getByRole('button', { name: /^(Start|Pause|Resume|Stop)$/ }).count(), 0);
});

test('a split that is off blocks the decision and comes first', async () => {
  await createTest(server, 'split', { name: 'Half of them are lost' });
  await call(server, 'POST', '/api/v1/abtests/split/start', {});
  await logUsers(server, 'split', 2000, { control: 0.2, candidate: 0.5 }, { first: 0.4 });
  await page.goto(`${server.url}/abtests/split`);
  await decision().getByText('Do not decide').waitFor({ timeout: liveMsMax });
  assert.equal(await check('Split').getAttribute('class').then((text) => /\bbad\b/.test(text)), true);
  assert.equal(await decision().getByRole('listitem').first().textContent().then((text) => text.includes('Split')), true);
});

test('a broken guardrail pauses the test, and the overview says so', async () => {
  await createTest(server, 'late', { name: 'Too late' }, { latency_threshold_ms: 5 });
  await call(server, 'POST', '/api/v1/abtests/late/start', {});
  await logUsers(server, 'late', 200, { control: 0.2, candidate: 0.2 });
  await page.goto(`${server.url}/abtests/late`);
  await decision().getByText('Paused by a guardrail').waitFor({ timeout: liveMsMax });
  await check('Guardrails').getByText('latency broken').waitFor();
  await page.getByRole('region', { name: 'Metrics' }).getByText('broken').waitFor();
  await page.goto(server.url);
  await page.getByRole('link', { name: /A\/B test “Too late” is paused/ }).waitFor();
  await page.getByText('A/B tests with a clear result').waitFor();
  await page.locator('.tile', { hasText: 'A/B tests with a clear result' }).getByText('33.3').waitFor();
});

test('several variants each have a row; the address that is none says so', async () => {
  await createTest(server, 'many', { name: 'Three at once' }, { variants: ['control', 'b', 'c'].map((name, index) => ({ name, share: index ? 0.3 : 0.4 })) });
  await call(server, 'POST', '/api/v1/abtests/many/start', {});
  await logUsers(server, 'many', 900, { control: 0.3, b: 0.3, c: 0.6 }, { first: 0.4 });
  await page.goto(`${server.url}/abtests/many`);
  await decision().getByText('Ship c').waitFor({ timeout: liveMsMax });
  for (const name of ['b', 'c']) await page.getByRole('img', { name: new RegExp(`^conversion, ${name}:`) }).waitFor();
  await page.goto(`${server.url}/abtests/nobody`);
  await page.getByRole('alert').getByText('Could not load the test').waitFor();
  await page.close();
});
