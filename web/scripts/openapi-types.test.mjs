// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { generateTypes } from './openapi-types.mjs';

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

it('writes the records that answers hold, and nothing else', () => {
  const text = generateTypes(document);
  expect(text).toContain("export type Status = 'running' | 'failed';");
  expect(text).toContain('  items: Run[];\n  next_page_token?: string | null;');
  expect(text).toContain('  metrics: Record<string, ApiNumber>;\n  /** Any JSON value. */\n  params: unknown;');
  expect(text).not.toContain('RunInput');
  expect(text).not.toContain('interface Double');
});
