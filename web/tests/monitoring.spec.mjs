// SPDX-License-Identifier: MIT
// Serving and monitoring: predictions as they come, alerts as they fire, are taken in hand and resolve.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, eventually, startBrowser, startServer } from './harness.mjs';

const model = 'assay';
const liveMsMax = 5000;
const alertMsMax = 20_000;

let server;
let browser;

async function predict(count, latency, success = true) {
  const predictions = Array.from({ length: count }, (_, index) => ({
    request_id: `request-${latency}-${index}`,
    model_id: model,
    model_version: '1.0.0',
    latency_ms: latency + index / 100,
    success,
    confidence_score: 0.9,
    inputs: { mean_radius: 14.2 },
    outputs: { label: 'benign' },
  }));
  await call(server, 'POST', '/api/v1/predictions', { predictions });
}

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});

after(async () => {
  await browser?.stop();
  await server?.stop();
});

test('predictions appear while they come, with latency, throughput and errors', async () => {
  const page = await browser.open(`${server.url}/monitoring`);
  await page.getByText('No predictions yet').waitFor();
  await page.getByText('live', { exact: true }).waitFor();
  await predict(40, 2);
  await page.getByRole('link', { name: model }).waitFor({ timeout: liveMsMax });
  await page.getByRole('link', { name: model }).click();
  await page.getByRole('heading', { level: 1, name: model }).waitFor();
  await eventually('the charts being drawn', async () => (await page.locator('section[aria-label="Latency"] canvas').count()) + (await page.locator('section[aria-label="Latency"]').getByText('No values yet').count()));
  await eventually('the predictions being counted', async () => (await page.locator('.tile', { hasText: 'Predictions, last hour' }).locator('.value').textContent()) === '40');
  await predict(10, 3);
  await eventually('the new ones being counted', async () => (await page.locator('.tile', { hasText: 'Predictions, last hour' }).locator('.value').textContent()) === '50', liveMsMax);
  await page.getByText('request-3-9').waitFor();
  assert.equal(await page.getByRole('img', { name: /last 24 hours/ }).count(), 0);
  assert.equal(await page.getByText('mean_radius').count(), 0);
  await page.getByLabel('Show inputs and outputs').check();
  await page.getByText('mean_radius').first().waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('what is sampled once a minute is drawn as a line, and one value after a pause as a point', async () => {
  const minute = 60_000;
  const memory = (ago) => ({ model_id: 'sampled', metric_name: 'memory_usage_mb', value: 100 + ago, timestamp: new Date(Date.now() - ago * minute).toISOString() });
  await call(server, 'POST', '/api/v1/monitoring/metrics', { metrics: [50, 49, 48, 47, 46, 45, 2].map(memory) });
  const page = await browser.open(`${server.url}/monitoring/sampled`);
  const canvas = page.locator('section[aria-label="Memory per process"] canvas');
  await eventually('the chart being drawn', () => canvas.count());
  // How many columns of pixels have colour in them, in each tenth of the chart: grid and labels are grey.
  const coloured = () =>
    canvas.evaluate((drawn) => {
      const { data } = drawn.getContext('2d').getImageData(0, 0, drawn.width, drawn.height);
      const tenths = new Array(10).fill(0);
      for (let x = 0; x < drawn.width; x += 1) {
        let found = false;
        for (let y = 0; y < drawn.height && !found; y += 1) {
          const at = 4 * (y * drawn.width + x);
          const [red, green, blue, alpha] = data.slice(at, at + 4);
          found = alpha > 100 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60;
        }
        if (found) tenths[Math.floor((10 * x) / drawn.width)] += 1;
      }
      return tenths;
    });
  await eventually('the first values being a line', async () => (await coloured()).reduce((sum, count) => sum + count) > 30);
  const tenths = await coloured();
  assert.equal(tenths[5], 0, `the pause is a gap: ${tenths}`);
  assert.ok(tenths[9] > 0, `the last value is a point: ${tenths}`);
  await page.close();
});

test('an alert fires, is acknowledged and resolved, with a reason', async () => {
  await call(server, 'POST', '/api/v1/thresholds', {
    model_id: model,
    metric_name: 'prediction_latency',
    warning_threshold: 1,
    operator: 'gt',
    evaluation_window_minutes: 1,
    minimum_samples: 5,
  });
  await predict(20, 50);
  const page = await browser.open(`${server.url}/monitoring`);
  await page.getByText('firing').waitFor({ timeout: alertMsMax });
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await page.getByLabel(/Reason/).fill('looking at it');
  await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click();
  await page.getByText('acknowledged', { exact: true }).waitFor();
  await page.goto(server.url);
  await page.getByText('Needs attention').waitFor();
  await page.goto(`${server.url}/monitoring/${model}`);
  await page.getByRole('button', { name: 'Resolve' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click();
  await page.getByText('resolved', { exact: true }).waitFor();
  const trail = await call(server, 'GET', '/api/v1/audit?limit=100');
  assert.ok(trail.items.some((entry) => entry.reason === 'looking at it'));
  assert.deepEqual(page.complaints, []);
  await page.close();
});
