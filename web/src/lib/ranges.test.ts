// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { rangeOf, ranges, windowOf } from './ranges';

describe('ranges', () => {
  it('keeps every chart near 120 points', () => {
    for (const range of ranges) {
      const points = range.seconds / range.bucketSeconds;
      expect(points).toBeGreaterThanOrEqual(80);
      expect(points).toBeLessThanOrEqual(180);
    }
  });

  it('snaps the window to whole buckets', () => {
    const range = rangeOf('1h');
    const now = Date.parse('2026-01-01T12:00:07Z');
    expect(windowOf(range, now)).toEqual({ start: '2026-01-01T11:00:30.000Z', end: '2026-01-01T12:00:30.000Z' });
    expect(windowOf(range, now + 10_000)).toEqual(windowOf(range, now));
    expect(rangeOf('nonsense').key).toBe('1h');
  });
});
