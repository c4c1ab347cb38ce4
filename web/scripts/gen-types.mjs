// SPDX-License-Identifier: MIT
// Usage: gen-types.mjs [URL or file of the OpenAPI document] [--check]
// Writes src/api/schema.ts; with --check only says whether it is current.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateTypes } from './openapi-types.mjs';
import { root } from './sources.mjs';

const source = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? 'http://127.0.0.1:8080/openapi.json';
const target = join(root, 'src', 'api', 'schema.ts');
const document = /^https?:/.test(source) ? await (await fetch(source)).json() : JSON.parse(readFileSync(source, 'utf8'));
// The records that types.ts names as `api.Name`.
const names = [...readFileSync(join(root, 'src', 'api', 'types.ts'), 'utf8').matchAll(/\bapi\.(\w+)/g)].map(([, name]) => name);
const text = generateTypes(document, names);

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/api/schema.ts is not what /openapi.json says. Run "npm run gen:types".');
    process.exit(1);
  }
  console.log('src/api/schema.ts is current');
} else {
  writeFileSync(target, text);
  console.log(`wrote ${target}`);
}
