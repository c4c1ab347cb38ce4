// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { describeTransition, explainMove, offeredStages, stages } from './stages';

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

  it('tells transitions', () => {
    expect(describeTransition({ version: '1.0.0', cause: 'step_back', to_status: 'staging' })).toBe('1.0.0 made room and went to staging');
    expect(describeTransition({ version: '1.0.0', cause: 'registered', to_status: 'staging' })).toBe('1.0.0 was registered as staging');
    expect(describeTransition({ version: '1.0.0', cause: 'deleted', to_status: '' })).toBe('1.0.0 was deleted');
    expect(describeTransition({ version: '1.0.0', cause: 'promote', to_status: 'production' })).toBe('1.0.0 went to production');
  });

  it('says what else a promotion touches', () => {
    expect(explainMove('2.0.0', 'staging', 'production', '1.0.0')).toContain('Version 1.0.0');
    expect(explainMove('1.0.0', 'staging', 'production')).not.toContain('goes back');
    expect(explainMove('1.0.0', 'production', 'archived')).toContain('stop answering');
  });
});
