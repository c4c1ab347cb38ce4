// SPDX-License-Identifier: MIT
// Real deployments and real A/B tests for the pages: a small model in two versions, its replicas and gateway, and
// users whose answers are the same at every run.
import { readFileSync } from 'node:fs';
import { call, eventually } from './harness.mjs';

const models = new URL('../../tests/golden/onnx/', import.meta.url);
const deployMsMax = 60_000;
export const model = 'assay';

/** Registers a version from an ONNX file of the repository; it takes three numbers and answers one. */
export async function registerVersion(server, version, file) {
  const response = await fetch(`${server.url}/api/v1/uploads?name=model.onnx`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/octet-stream' },
    body: readFileSync(new URL(file, models)),
  });
  if (!response.ok) throw new Error(`the upload answered ${response.status}`);
  const { artifact_id: artifact } = await response.json();
  await call(server, 'POST', '/api/v1/models', { model_id: model, version, name: 'Assay', framework: 'onnx', files: [{ name: 'model.onnx', role: 'onnx', artifact_id: artifact }] });
}

export async function registerModel(server) {
  await registerVersion(server, '1.0.0', 'linear.onnx');
  await registerVersion(server, '1.1.0', 'linear_v2.onnx');
}

export function deployment(server, id) {
  return call(server, 'GET', `/api/v1/deployments/${id}`);
}

export async function deploy(server, config) {
  return call(server, 'POST', '/api/v1/deployments', { model_id: model, environment: 'production', ...config });
}

export function becomes(server, id, what, condition) {
  return eventually(`the deployment ${id} being ${what}`, async () => {
    const found = await deployment(server, id);
    if (found.status === 'failed') throw new Error(found.deployment_logs.join('\n'));
    return condition(found) && found;
  }, deployMsMax);
}

/** Sends requests through the stable address; answers how many each version answered. */
export async function predict(url, count, rows = 1) {
  const body = JSON.stringify({ inputs: [{ name: 'input', shape: [rows, 3], datatype: 'FP32', data: Array(3 * rows).fill(0.5) }] });
  const answered = {};
  for (let index = 0; index < count; index += 1) {
    const response = await fetch(`${url}/v2/models/${model}/infer`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    const version = response.ok ? (await response.json()).model_version : `status ${response.status}`;
    answered[version] = (answered[version] ?? 0) + 1;
  }
  return answered;
}

/** Numbers in [0, 1) that are the same at every run. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function createTest(server, id, more = {}, plan = {}) {
  return call(server, 'POST', '/api/v1/abtests', {
    test_id: id,
    name: 'New threshold against the old',
    hypothesis: 'The new threshold finds more usable samples.',
    ...more,
    plan: {
      primary_metric: 'conversion',
      secondary_metrics: ['yield'],
      guardrail_metrics: ['latency', 'error_rate'],
      metrics: [{ name: 'conversion', kind: 'proportion' }, { name: 'yield', kind: 'mean' }],
      minimum_sample_size: 200,
      minimum_detectable_effect: 0.1,
      variants: [
        { name: 'control', share: 0.5, model_id: model, model_version: '1.0.0' },
        { name: 'candidate', share: 0.5, model_id: model, model_version: '1.1.0' },
      ],
      ...plan,
    },
  });
}

/** Users who are shown a variant and use it; `rates`: the share of each variant's users who convert; `first`: the share of users whom the first one gets. */
export async function logUsers(server, id, count, rates, { seed = 1, from = 0, latency = 12, first = 1 / Object.keys(rates).length } = {}) {
  const random = randomFrom(seed);
  const names = Object.keys(rates);
  const users = Array.from({ length: count }, (_, index) => ({ user_id: `user-${from + index}`, variant_id: random() < first ? names[0] : names[1 + Math.floor(random() * (names.length - 1))] }));
  await call(server, 'POST', '/api/v1/abtest-exposures', { exposures: users.map((user) => ({ test_id: id, ...user })) });
  const interactions = users.map((user) => ({
    interaction_id: `${id}-${user.user_id}`,
    test_id: id,
    ...user,
    conversion: random() < rates[user.variant_id],
    latency_ms: latency + 4 * random(),
    response_data: { yield: 8 + 3 * random() + rates[user.variant_id], depth: Math.round(30 * random()) },
  }));
  for (let at = 0; at < interactions.length; at += 5000) {
    await call(server, 'POST', '/api/v1/abtest-interactions', { interactions: interactions.slice(at, at + 5000) });
  }
}
