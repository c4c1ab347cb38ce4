// SPDX-License-Identifier: MIT
// Pictures of the main pages at 1440, 1024 and 390 px, light and dark, to look at as a designer would.
//   node scripts/shots.mjs [URL] [FOLDER] [PATH…]
// URL is a running server (./run demo leaves one); without one, a fresh server is shown, with two runs in it. FOLDER is
// where the pictures go (default: shots below the temporary folder); PATHs take the place of the main pages.
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call, logRun, startBrowser, startServer } from '../tests/harness.mjs';

const widths = [
  [1440, 900],
  [1024, 768],
  [390, 844],
];
const themes = ['light', 'dark'];
const mainPaths = ['/', '/experiments', '/models', '/data', '/monitoring', '/audit'];
const quietMs = 1_500; // charts are drawn when the answers are there; a stream of changes never lets the network idle

/** The main pages, and the newest run and the first model where there are any. */
async function pathsOf(server) {
  const found = [...mainPaths];
  const runs = await call(server, 'GET', '/api/v1/runs?limit=1');
  if (runs.items.length) found.push(`/runs/${runs.items[0].run_id}`);
  const models = await call(server, 'GET', '/api/v1/models?limit=1');
  if (models.items.length) found.push(`/models/${encodeURIComponent(models.items[0].model_id)}`);
  return found;
}

function nameOf(path) {
  return path.split('?')[0].split('/').filter(Boolean).slice(0, 2).join('-').slice(0, 40) || 'overview';
}

async function take(page, address, file) {
  await page.goto(address, { waitUntil: 'load' });
  await page.waitForTimeout(quietMs);
  await page.screenshot({ path: file });
}

const [url, folder = join(tmpdir(), 'shots'), ...chosen] = process.argv.slice(2);
const own = url ? undefined : await startServer(['--no-worker']);
const server = own ?? { url: url.replace(/\/$/, '') };
const browser = await startBrowser();
try {
  if (own) for (const name of ['first run', 'second run']) await logRun(own, { name });
  mkdirSync(folder, { recursive: true });
  const paths = chosen.length ? chosen : await pathsOf(server);
  const page = await browser.open(server.url);
  for (const theme of themes) {
    await page.emulateMedia({ colorScheme: theme });
    for (const [width, height] of widths) {
      await page.setViewportSize({ width, height });
      for (const path of paths) {
        const file = join(folder, `${nameOf(path)}-${width}-${theme}.png`);
        await take(page, server.url + path, file);
        console.log(file);
      }
    }
  }
} finally {
  await browser.stop();
  await own?.stop();
}
