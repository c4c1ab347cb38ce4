// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { fillBuckets, fillGauge, rangeOf, ranges, windowOf } from './ranges';

describe('ranges', () => {
  it('keeps every chart near 120 points', () => {
    for (const range of ranges) {
      const points = range.seconds / range.bucketSeconds;
      expect(points).toBeGreaterThanOrEqual(80);
      expect(points).toBeLessThanOrEqual(180);
    }
  });

  it('fills the gaps that the server leaves', () => {
    const bucket = (time: string) => ({ time, count: 3, per_second: 0.3 });
    const filled = fillBuckets([bucket('2026-01-01T00:00:00.000000Z'), bucket('2026-01-01T00:00:30.000000Z')], 10);
    expect(filled.map((one) => one.count)).toEqual([3, 0, 0, 3]);
    expect(filled[1]?.time).toBe('2026-01-01T00:00:10.000Z');
    expect(fillBuckets([], 10)).toEqual([]);
  });

  it('joins what is sampled less often than there are buckets, and shows where samples are missing', () => {
    const start = Date.parse('2026-01-01T00:00:00Z');
    const at = (seconds: number) => ({ time: new Date(start + seconds * 1000).toISOString(), count: 1, per_second: 0.1, mean: 5 });
    const counts = (seconds: number[]) => fillGauge(seconds.map(at), 30).map((one) => one.count);
    expect(counts([0, 60, 120, 210, 270])).toEqual([1, 1, 1, 1, 1]);
    expect(counts([0, 60, 120, 270, 330])).toEqual([1, 1, 1, 0, 0, 0, 0, 1, 1]);
    expect(counts([0])).toEqual([1]);
    expect(counts([])).toEqual([]);
  });

  it('snaps the window to whole buckets', () => {
    const range = rangeOf('1h');
    const now = Date.parse('2026-01-01T12:00:07Z');
    expect(windowOf(range, now)).toEqual({ start: '2026-01-01T11:00:30.000Z', end: '2026-01-01T12:00:30.000Z' });
    expect(windowOf(range, now + 10_000)).toEqual(windowOf(range, now));
    expect(rangeOf('nonsense').key).toBe('1h');
  });
});
