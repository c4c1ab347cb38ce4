// SPDX-License-Identifier: MIT
// Builds the page into dist/ (or the folder given): only gzip forms, and the record that proves it current.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { builtHash, dist, filesBelow, recordName, root, sourceHash } from './sources.mjs';

export async function buildInto(folder) {
  const plain = mkdtempSync(join(root, 'node_modules', '.page-'));
  try {
    await build({ root, logLevel: 'warn', build: { outDir: plain, emptyOutDir: true } });
    rmSync(folder, { recursive: true, force: true });
    for (const name of filesBelow(plain)) {
      const target = join(folder, `${name}.gz`);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, gzipSync(readFileSync(join(plain, name)), { level: 9 }));
    }
    writeFileSync(join(folder, recordName), `sources ${sourceHash()}\nbuilt ${builtHash(folder)}\n`);
  } finally {
    rmSync(plain, { recursive: true, force: true });
  }
}

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) {
  await buildInto(dist);
  let total = 0;
  for (const name of filesBelow(dist)) {
    const { length } = readFileSync(join(dist, name));
    total += length;
    console.log(`${String(length).padStart(8)}  ${name}`);
  }
  console.log(`${String(total).padStart(8)}  in all`);
}
