// SPDX-License-Identifier: MIT
// The lines of Python that the empty pages show are run as they stand, against a server, and fill the pages.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { call, startServer } from './harness.mjs';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const python = process.env.TRACSEQ_PYTHON ?? join(repository, '.venv', 'bin', 'python');
const limitMs = 120_000;

// What the reader of a sample brings along.
const given = {
  registerModel: 'from sklearn.linear_model import LogisticRegression\nmodel = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])\n',
};
const rows = (list) => async () => (await call(server, 'GET', `/api/v1/${list}`)).items.length;
// How much of what a sample makes is there.
const filled = {
  trackRun: rows('runs'),
  registerModel: rows('models'),
  deployModel: rows('deployments'),
  startTest: rows('abtests'),
  runPipeline: rows('pipeline-runs'),
  recordPrediction: rows('monitoring/models'),
  logMetric: async () => Object.keys((await call(server, 'GET', `/api/v1/runs/${run}`)).metrics).length,
  keepFile: async () => (await call(server, 'GET', `/api/v1/runs/${run}/artifacts`)).items.length,
  setThreshold: async () => (await call(server, 'GET', '/api/v1/thresholds')).items.filter((threshold) => threshold.model_id === 'sample-quality').length,
};

const source = readFileSync(new URL('../src/lib/samples.ts', import.meta.url), 'utf8');
const samples = [...source.matchAll(/export const (\w+): Sample = \{\n {2}python: `([^`]*)`/g)].map(([, name, code]) => ({ name, code }));

let server;
let run;

before(async () => {
  assert.ok(existsSync(python), `there is no Python at ${python}: "./run build" makes it, or set TRACSEQ_PYTHON`);
  server = await startServer();
  writeFileSync(join(server.folder, 'samples.csv'), 'concentration\n1\n2\n3\n4\n5\n');
});

after(() => server?.stop());

test('every sample is known here', () => {
  assert.deepEqual(samples.map((sample) => sample.name).sort(), Object.keys(filled).sort());
});

for (const { name, code } of samples) {
  test(`${name} runs as it is written`, async () => {
    // Made for those samples that fill one run, and not before: the first sample wants an empty server.
    if (code.includes('%RUN%')) run ??= (await call(server, 'POST', '/api/v1/runs', { name: 'of the samples' })).run_id;
    assert.equal(await filled[name](), 0);
    const file = join(server.folder, `${name}.py`);
    writeFileSync(file, (given[name] ?? '') + code.replaceAll('%URL%', server.url).replaceAll('%RUN%', run));
    // What the package keeps at home goes with the server's folder.
    const env = { ...process.env, XDG_CACHE_HOME: join(server.folder, 'cache') };
    execFileSync(python, [file], { cwd: server.folder, env, timeout: limitMs });
    assert.ok((await filled[name]()) > 0);
  });
}
