// SPDX-License-Identifier: MIT
// What the development server hands on to the real one, and that it arrives as the browser sent it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createServer as createVite } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from './sources.mjs';

const seen = [];
const upstream = createServer((request, response) => {
  seen.push({ url: request.url, host: request.headers.host, origin: request.headers.origin });
  response.writeHead(201).end();
});
const given = process.env.TRACSEQ_URL;
let vite, page;

beforeAll(async () => {
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  process.env.TRACSEQ_URL = `http://127.0.0.1:${upstream.address().port}`; // read by vite.config.ts
  const server = { host: '127.0.0.1', port: 0, watch: null, ws: false };
  vite = await createVite({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'error', server });
  await vite.listen();
  page = `http://127.0.0.1:${vite.httpServer.address().port}`;
}, 30_000);

afterAll(async () => {
  await vite?.close();
  upstream.close();
  if (given === undefined) delete process.env.TRACSEQ_URL;
  else process.env.TRACSEQ_URL = given;
});

it.each([
  ['POST', '/api/v1/runs'],
  ['GET', '/version'],
  ['GET', '/openapi.json'],
  ['GET', '/docs/api'],
  ['GET', '/docs/api.css'],
])('%s %s reaches the server with the Host that its Origin names', async (method, path) => {
  const answer = await fetch(page + path, { method, headers: { Origin: page } });
  expect(answer.status).toBe(201);
  expect(seen.pop()).toEqual({ url: path, host: new URL(page).host, origin: page });
});
