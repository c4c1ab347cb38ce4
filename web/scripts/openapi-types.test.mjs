// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { generateTypes, lostTypes } from './openapi-types.mjs';

const reference = (name) => ({ $ref: `#/components/schemas/${name}` });
const document = {
  paths: {
    '/api/v1/runs': {
      get: { responses: { 200: { content: { 'application/json': { schema: reference('Page') } } }, default: { $ref: '#/components/responses/Error' } } },
    },
  },
  components: {
    schemas: {
      Page: { type: 'object', required: ['items'], properties: { items: { type: 'array', items: reference('Run') }, next_page_token: { type: 'string' } } },
      Run: {
        type: 'object',
        required: ['status', 'metrics', 'params'],
        properties: { status: reference('Status'), metrics: { type: 'object', additionalProperties: reference('Double') }, params: { description: 'Any JSON value.' } },
      },
      Status: { type: 'string', enum: ['running', 'failed'] },
      Double: { oneOf: [] },
      RunInput: { type: 'object', properties: {} },
    },
  },
};

it('writes the records asked for and those within them, and nothing else', () => {
  const text = generateTypes(document, ['Page']);
  expect(text).toContain("export type Status = 'running' | 'failed';");
  expect(text).toContain('  items: Run[];\n  next_page_token?: string | null;');
  expect(text).toContain('  metrics: Record<string, ApiNumber>;\n  /** Any JSON value. */\n  params: unknown;');
  expect(text).not.toContain('RunInput');
  expect(text).not.toContain('interface Double');
});

it('tells what was lost, and lets the API grow', () => {
  const before = generateTypes(document, ['Page']);
  expect(lostTypes(document, before)).toEqual([]);
  const grown = structuredClone(document);
  grown.components.schemas.Run.properties.notes = { type: 'string' };
  grown.components.schemas.Status.enum.push('paused');
  expect(lostTypes(grown, before)).toEqual([]);
  const shrunk = structuredClone(document);
  delete shrunk.components.schemas.Run.properties.params;
  shrunk.components.schemas.Status.enum = ['running'];
  expect(lostTypes(shrunk, before)).toEqual(['Run: params: unknown;', "Status: 'failed'"]);
});
