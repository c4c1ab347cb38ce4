// SPDX-License-Identifier: MIT
// A real server on a free port and a real browser with an empty profile, both gone when the test is over.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const startLimitMs = 30_000;
const stopLimitMs = 10_000;

const chromiumFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function program() {
  const found = process.env.TRACSEQ_BIN ?? join(repository, 'bin', 'tracseq');
  if (!existsSync(found)) throw new Error(`there is no program at ${found}: build it ("./run build") or set TRACSEQ_BIN`);
  return found;
}

function browserProgram() {
  const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'];
  const found = places.find((place) => place && existsSync(place));
  if (!found) throw new Error('there is no Chromium: "apt-get install chromium" or set CHROMIUM');
  return found;
}

/** Waits until `probe` answers something true; fails with `what` after `limitMs`. */
export async function eventually(what, probe, limitMs = 10_000) {
  const end = Date.now() + limitMs;
  let problem;
  for (;;) {
    try {
      const answer = await probe();
      if (answer) return answer;
      problem = undefined;
    } catch (error) {
      problem = error;
    }
    if (Date.now() > end) throw new Error(`${what} did not happen within ${limitMs} ms`, { cause: problem });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Replicas and gateways whose files lie below the folder: they outlive the server, as they should. */
function detachedBelow(folder) {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words.includes('--role') && words.some((word) => word.startsWith(folder));
    } catch {
      return false; // it ended meanwhile
    }
  }).map(Number);
}

async function endDetached(folder) {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    for (const pid of detachedBelow(folder)) {
      try {
        process.kill(pid, signal);
      } catch {
        // It ended by itself.
      }
    }
    const end = Date.now() + stopLimitMs;
    while (detachedBelow(folder).length && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** `tracseq serve` on a new database. `flags` are added; `url` and `output` tell what it said. */
export async function startServer(flags = []) {
  const executable = program();
  const folder = mkdtempSync(join(tmpdir(), 'page-server-'));
  const child = spawn(
    executable,
    ['serve', '--database-url', `sqlite:///${folder}/tracseq.db`, '--artifact-root', join(folder, 'artifacts'), '--host', '127.0.0.1', '--port', '0', ...flags],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const server = { output: '', url: '', folder };
  const take = (bytes) => (server.output += bytes);
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  server.stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await ended;
    clearTimeout(late);
    // A worker that outlived its server would hold these open and the test would never end.
    child.stdout.destroy();
    child.stderr.destroy();
    await endDetached(folder);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    server.url = await eventually('the server telling its address', () => {
      if (child.exitCode !== null) throw new Error(`the server ended:\n${server.output}`);
      return /https?:\/\/127\.0\.0\.1:\d+/.exec(server.output)?.[0];
    }, startLimitMs);
    await eventually('the server being ready', async () => (await fetch(`${server.url}/readyz`)).ok, startLimitMs);
  } catch (error) {
    await server.stop();
    throw new Error(`the server did not start:\n${server.output}`, { cause: error });
  }
  return server;
}

/** A JSON call as any client makes it. */
export async function call(server, method, path, body, token) {
  const headers = { 'Content-Type': 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(server.url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return text ? JSON.parse(text) : undefined;
}

export async function startBrowser() {
  const executablePath = browserProgram();
  const profile = mkdtempSync(join(tmpdir(), 'page-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: chromiumFlags,
    viewport: { width: 1440, height: 900 },
  });
  context.setDefaultTimeout(10_000);
  return {
    /** A page that collects what the browser complains about, content security policy included. */
    async open(address) {
      const page = await context.newPage();
      page.complaints = [];
      page.on('pageerror', (error) => page.complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') page.complaints.push(message.text());
      });
      await page.goto(address, { waitUntil: 'load' });
      return page;
    },
    context,
    async stop() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** Logs a run with a falling loss; answers its id. */
export async function logRun(server, run, steps = 20) {
  const started = await call(server, 'POST', '/api/v1/runs', run);
  const points = [];
  for (let step = 0; step < steps; step += 1) {
    points.push({ key: 'val_loss', step, value: 1 / (step + 1) }, { key: 'val_accuracy', step, value: 1 - 0.5 / (step + 1) });
  }
  if (points.length) await call(server, 'POST', `/api/v1/runs/${started.run_id}/metrics`, { points });
  return started.run_id;
}
