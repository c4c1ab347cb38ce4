// SPDX-License-Identifier: MIT
// What the built page is made from, and what it is made of: the two digests that prove dist/ current.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const dist = join(root, 'dist');
export const recordName = '.source-hash';

const inputs = ['src', 'index.html', 'package.json', 'package-lock.json', 'svelte.config.js', 'tsconfig.json', 'vite.config.ts'];

/** Every file at or below `path` (relative to the page's folder), sorted, with forward slashes. */
export function filesBelow(base, path = '') {
  const found = [];
  for (const entry of readdirSync(join(base, path), { withFileTypes: true })) {
    const child = path ? `${path}/${entry.name}` : entry.name;
    if (entry.isDirectory()) found.push(...filesBelow(base, child));
    else found.push(child);
  }
  return found.sort();
}

function digest(files) {
  const hash = createHash('sha256');
  for (const [name, bytes] of files) {
    hash.update(`${name}\0${bytes.length}\0`);
    hash.update(bytes);
  }
  return hash.digest('hex');
}

/** SHA-256 over the sources; tests beside the code are not part of what is built. */
export function sourceHash() {
  const names = inputs.flatMap((name) =>
    name.includes('.') ? [name] : filesBelow(root, name).filter((file) => !file.endsWith('.test.ts')),
  );
  return digest(names.sort().map((name) => [name, readFileSync(join(root, name))]));
}

/** SHA-256 over the unpacked bytes of a built page, so that another zlib cannot change it. */
export function builtHash(folder) {
  const names = filesBelow(folder).filter((name) => name !== recordName);
  return digest(names.map((name) => [relative('.', name), gunzipSync(readFileSync(join(folder, name)))]));
}
