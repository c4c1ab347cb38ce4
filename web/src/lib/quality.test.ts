// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { bySeverity, describeRule, distributionOf } from './quality';

describe('quality', () => {
  it('reads histograms and top values', () => {
    expect(distributionOf({ histogram: { edges: [0, 1, 2], counts: [3, 4] } })).toEqual({ edges: [0, 1, 2], counts: [3, 4] });
    expect(distributionOf({ histogram: { edges: [0, 1], counts: [3, 4] } })).toBeUndefined();
    expect(distributionOf({ top_values: [{ value: 'DNA', count: 7 }] })).toEqual({ edges: [], counts: [7], labels: ['DNA'] });
    expect(distributionOf({ value_counts: { RNA: 2 } })?.labels).toEqual(['RNA']);
    expect(distributionOf({ mean: 3 })).toBeUndefined();
  });

  it('says rules in words', () => {
    expect(describeRule({ rule: 'comparison', left: 'worst_radius', op: '>=', right: 'mean_radius' })).toBe('worst_radius >= mean_radius');
    expect(describeRule({ rule: 'comparison', left: 'age', op: '<', value: 120 })).toBe('age < 120');
    expect(describeRule({ rule: 'required_if', column: 'dose', when_column: 'treated', equals: true })).toBe('dose must be there where treated is true');
    expect(describeRule({ rule: 'unique_together', columns: ['plate', 'well'] })).toBe('plate, well are unique together');
    expect(describeRule({ rule: 'new' })).toBe('{"rule":"new"}');
  });

  it('puts the worst issues first', () => {
    const issue = (severity: string, count: number) => ({ severity, count }) as Parameters<typeof bySeverity>[0][number];
    const sorted = bySeverity([issue('info', 90), issue('warning', 2), issue('error', 1), issue('warning', 7)]);
    expect(sorted.map((one) => `${one.severity} ${one.count}`)).toEqual(['error 1', 'warning 7', 'warning 2', 'info 90']);
  });
});
