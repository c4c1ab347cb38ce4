// SPDX-License-Identifier: MIT
// TypeScript types from the server's OpenAPI document: one interface for each record that the page shows.

const reserved = /^(ErrorBody|Double)$/;

function typeOf(schema) {
  if (!schema || Object.keys(schema).every((key) => key === 'description')) return 'unknown';
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1);
    return name === 'Double' ? 'ApiNumber' : name;
  }
  if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' | ');
  switch (schema.type) {
    case 'boolean':
      return 'boolean';
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
      return 'string';
    case 'array': {
      const item = typeOf(schema.items);
      return /[ |]/.test(item) ? `(${item})[]` : `${item}[]`;
    }
    case 'object':
      return schema.additionalProperties ? `Record<string, ${typeOf(schema.additionalProperties)}>` : 'Record<string, unknown>';
    default:
      return 'unknown';
  }
}

function recordOf(name, schema) {
  if (schema.enum) return `export type ${name} = ${typeOf(schema)};\n`;
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([field, value]) => {
    const text = value.description ? `  /** ${value.description.replaceAll('*/', '* /')} */\n` : '';
    const optional = required.has(field) ? '' : '?';
    return `${text}  ${field}${optional}: ${typeOf(value)}${optional ? ' | null' : ''};\n`;
  });
  return `export interface ${name} {\n${fields.join('')}}\n`;
}

/** The schemas of these names and those within them, sorted. */
function reachable(schemas, names) {
  const found = new Set();
  const take = (name) => {
    if (!schemas[name]) throw new Error(`the API has no record ${name}`);
    if (found.has(name) || reserved.test(name)) return;
    found.add(name);
    visit(schemas[name]);
  };
  const visit = (value) => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (value && typeof value === 'object') {
      if (typeof value.$ref === 'string') take(value.$ref.split('/').at(-1));
      else Object.values(value).forEach(visit);
    }
  };
  names.forEach(take);
  return [...found].sort();
}

/** The records of these names, and those within them. */
export function generateTypes(document, names) {
  const schemas = document.components?.schemas ?? {};
  const records = reachable(schemas, names).map((name) => recordOf(name, schemas[name]));
  return [
    '// SPDX-License-Identifier: MIT\n',
    '// Made by scripts/gen-types.mjs from /openapi.json. Do not edit: change the C++ type and make it again.\n',
    "import type { ApiNumber } from '../lib/format';\n\n",
    records.join('\n'),
  ].join('');
}

/**
 * What `text` (made by generateTypes earlier) promises and the document no longer holds: fields that are gone or of
 * another type, values an enumeration lost. Additions are no loss.
 */
export function lostTypes(document, text) {
  const schemas = document.components?.schemas ?? {};
  const names = [...recordsOf(text).keys()];
  const now = recordsOf(generateTypes(document, names.filter((name) => schemas[name])));
  const lost = [];
  for (const [name, lines] of recordsOf(text)) {
    const there = now.get(name);
    for (const line of lines) {
      if (!there?.includes(line)) lost.push(`${name}: ${line}`);
    }
  }
  return lost;
}

function recordsOf(text) {
  const records = new Map();
  for (const [, name, body] of text.matchAll(/^export interface (\w+) \{\n([^]*?)^\}/gm)) {
    const lines = body.split('\n').map((line) => line.trim());
    records.set(name, lines.filter((line) => line && !line.startsWith('/**')));
  }
  for (const [, name, values] of text.matchAll(/^export type (\w+) = (.*);$/gm)) records.set(name, values.split(' | '));
  return records;
}
