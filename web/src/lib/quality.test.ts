// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { columnsOfIssue, distributionOf, sortIssues } from './quality';

describe('quality', () => {
  it('reads histograms and top values', () => {
    expect(distributionOf({ histogram: { edges: [0, 1, 2], counts: [3, 4] } })).toEqual({ edges: [0, 1, 2], counts: [3, 4] });
    expect(distributionOf({ histogram: { edges: [0, 1], counts: [3, 4] } })).toBeUndefined();
    expect(distributionOf({ top_values: [{ value: 'DNA', count: 7 }] })).toEqual({ edges: [], counts: [7], labels: ['DNA'] });
    expect(distributionOf({ value_counts: { RNA: 2 } })?.labels).toEqual(['RNA']);
    expect(distributionOf({ mean: 3 })).toBeUndefined();
  });

  it('puts the gravest issue first and names its columns', () => {
    const issues = [
      { type: 'outliers', severity: 'low', description: '', column: 'a' },
      { type: 'missing_values', severity: 'high', description: '', columns: ['b', 'c'] },
    ];
    expect(sortIssues(issues).map((issue) => issue.type)).toEqual(['missing_values', 'outliers']);
    expect(issues.map(columnsOfIssue)).toEqual([['a'], ['b', 'c']]);
  });
});
