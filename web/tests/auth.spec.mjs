// SPDX-License-Identifier: MIT
// Signing in: a server that asks for a token, a token that is wrong, one that may only read.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, startBrowser, startServer } from './harness.mjs';

let server;
let browser;
let admin;
let viewer;

before(async () => {
  server = await startServer(['--auth', 'on']);
  browser = await startBrowser();
  admin = /\bmlp_\w+/.exec(server.output)?.[0];
  assert.ok(admin, `no administrator token in:\n${server.output}`);
  viewer = (await call(server, 'POST', '/api/v1/tokens', { name: 'reader', role: 'viewer' }, admin)).token;
});

after(async () => {
  await browser?.stop();
  await server?.stop();
});

async function signIn(page, token) {
  await page.getByLabel('API token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('without a token the page asks for one and shows nothing else', async () => {
  const page = await browser.open(`${server.url}/runs`);
  await page.getByRole('heading', { name: 'Sign in to TracSeq' }).waitFor();
  assert.equal(await page.getByRole('navigation', { name: 'Areas' }).count(), 0);
  await signIn(page, 'mlp_live_nonsense');
  await page.getByRole('alert').getByText('does not know this token').waitFor();
  await page.close();
});

test('with a token the page opens where it was asked for, live, and forgets it on signing out', async () => {
  const page = await browser.open(`${server.url}/runs`);
  await signIn(page, admin);
  await page.getByRole('heading', { level: 1, name: 'All runs' }).waitFor();
  await page.getByText('live', { exact: true }).waitFor();
  await call(server, 'POST', '/api/v1/runs', { name: 'seen by the administrator' }, admin);
  await page.getByText('seen by the administrator').waitFor();
  assert.equal(await page.evaluate(() => localStorage.length + document.cookie.length), 0);
  await page.reload();
  await page.getByText('seen by the administrator').waitFor();
  await page.getByRole('button', { name: 'Who I am' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in to TracSeq' }).waitFor();
  await page.close();
});

test('who may only read is told so, and nothing is changed', async () => {
  const page = await browser.open(`${server.url}/experiments`);
  await signIn(page, viewer);
  await page.getByRole('button', { name: 'New experiment' }).click();
  await page.getByLabel('Name').fill('not mine to make');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByRole('dialog').getByRole('alert').waitFor();
  const { items } = await call(server, 'GET', '/api/v1/experiments', undefined, admin);
  assert.ok(!items.some((one) => one.name === 'not mine to make'));
  await page.close();
});
