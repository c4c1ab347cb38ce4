// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { explainMove, offeredStages, stages } from './stages';

describe('stages', () => {
  it('offers only known stages, and never the one it is in', () => {
    for (const stage of stages) {
      for (const to of offeredStages(stage)) {
        expect(stages).toContain(to);
        expect(to).not.toBe(stage);
      }
    }
    expect(offeredStages('nonsense')).toEqual([]);
  });

  it('says what else a promotion touches', () => {
    expect(explainMove('2.0.0', 'staging', 'production', '1.0.0')).toContain('Version 1.0.0');
    expect(explainMove('1.0.0', 'staging', 'production')).not.toContain('goes back');
    expect(explainMove('1.0.0', 'production', 'archived')).toContain('stop answering');
  });
});
