// SPDX-License-Identifier: MIT
// Proves that the committed dist/ was built from the sources beside it. Plain Node, no packages needed;
// with --rebuild (needs `npm ci`) the page is built again and must come out byte for byte the same.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtHash, dist, recordName, sourceHash } from './sources.mjs';

function fail(message) {
  console.error(`web/dist: ${message}. Run "npm run build" in web/ and commit dist/.`);
  process.exit(1);
}

const record = join(dist, recordName);
if (!existsSync(record)) fail(`${recordName} is missing`);
const lines = Object.fromEntries(
  readFileSync(record, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ')),
);
if (lines.sources !== sourceHash()) fail('was built from other sources than those in the tree');
if (lines.built !== builtHash(dist)) fail('its files are not those that were built');
if (process.argv.includes('--rebuild')) {
  const { buildInto } = await import('./build.mjs');
  const again = mkdtempSync(join(tmpdir(), 'page-'));
  try {
    await buildInto(again);
    if (builtHash(again) !== lines.built) fail('a new build of the same sources differs');
  } finally {
    rmSync(again, { recursive: true, force: true });
  }
}
console.log('web/dist is current');
