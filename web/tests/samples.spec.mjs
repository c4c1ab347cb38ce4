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
const filled = { trackRun: 'runs', registerModel: 'models', runPipeline: 'pipeline-runs', recordPrediction: 'monitoring/models' };

const source = readFileSync(new URL('../src/lib/samples.ts', import.meta.url), 'utf8');
const samples = [...source.matchAll(/export const (\w+): Sample = \{\n {2}python: `([^`]*)`/g)].map(([, name, code]) => ({ name, code }));

let server;

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
    assert.equal((await call(server, 'GET', `/api/v1/${filled[name]}`)).items.length, 0);
    const file = join(server.folder, `${name}.py`);
    writeFileSync(file, (given[name] ?? '') + code.replaceAll('%URL%', server.url));
    execFileSync(python, [file], { cwd: server.folder, timeout: limitMs });
    assert.ok((await call(server, 'GET', `/api/v1/${filled[name]}`)).items.length > 0);
  });
}
