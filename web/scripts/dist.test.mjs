// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './sources.mjs';

it('the committed page was built from these sources', () => {
  const said = execFileSync(process.execPath, [join(root, 'scripts', 'check-dist.mjs')], { encoding: 'utf8' });
  expect(said).toBe('web/dist is current\n');
});
