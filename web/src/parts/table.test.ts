// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { anchoredTop, parseSort, visibleRange, writeSort } from './table';

describe('table', () => {
  it('keeps the sort in the URL', () => {
    const otherwise = { key: 'created_at', descending: true };
    expect(parseSort('', otherwise)).toBe(otherwise);
    expect(parseSort('-metrics.auc', otherwise)).toEqual({ key: 'metrics.auc', descending: true });
    expect(writeSort({ key: 'name', descending: false })).toBe('name');
    expect(writeSort(parseSort('-name', otherwise))).toBe('-name');
  });

  it('keeps a row in its place when others arrive above it', () => {
    const after = new Map([['x', 0], ['y', 1], ['a', 2], ['b', 3], ['c', 4]]);
    expect(anchoredTop(40, 36, ['a', 'b', 'c'], after)).toEqual({ top: 112, above: 2 });
    expect(anchoredTop(40, 36, ['a', 'gone', 'c'], after)).toEqual({ top: 112, above: 2 });
    expect(anchoredTop(40, 36, ['gone'], after)).toEqual({ top: 40, above: 0 });
  });

  it('draws a window, never the whole list', () => {
    expect(visibleRange(0, 360, 36, 10_000)).toEqual({ first: 0, last: 22 });
    const middle = visibleRange(36_000, 360, 36, 10_000);
    expect(middle).toEqual({ first: 988, last: 1022 });
    expect(visibleRange(1e9, 360, 36, 5)).toEqual({ first: 5, last: 5 });
    expect(visibleRange(0, 360, 36, 0)).toEqual({ first: 0, last: 0 });
  });
});
