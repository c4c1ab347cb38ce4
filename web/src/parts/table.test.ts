// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { anchoredTop, arrange, moveKey, parseSorts, pressSort, sortRows, visibleRange, writeSorts } from './table';

describe('table', () => {
  it('keeps the sorts in the URL', () => {
    const otherwise = [{ key: 'created_at', descending: true }];
    expect(parseSorts('', otherwise)).toBe(otherwise);
    expect(parseSorts('-', otherwise)).toBe(otherwise);
    const two = [{ key: 'metrics.auc', descending: true }, { key: 'name', descending: false }];
    expect(parseSorts('-metrics.auc,name', otherwise)).toEqual(two);
    expect(writeSorts(two)).toBe('-metrics.auc,name');
    expect(parseSorts(writeSorts([{ key: 'params.a,b', descending: true }]), otherwise)).toEqual([{ key: 'params.a,b', descending: true }]);
    expect(parseSorts('a,b,c,d,e,f', otherwise)).toHaveLength(4);
  });

  it('sorts alone, after others, and turns round', () => {
    const one = pressSort([], 'auc', true, false);
    expect(one).toEqual([{ key: 'auc', descending: true }]);
    expect(pressSort(one, 'auc', true, false)).toEqual([{ key: 'auc', descending: false }]);
    const two = pressSort(one, 'name', false, true);
    expect(two.map((sort) => sort.key)).toEqual(['auc', 'name']);
    expect(pressSort(two, 'auc', true, true)).toEqual([{ key: 'auc', descending: false }, { key: 'name', descending: false }]);
    expect(pressSort(two, 'name', false, false)).toEqual([{ key: 'name', descending: true }]);
  });

  it('orders rows by several columns, what has no value last either way', () => {
    const columns = [
      { key: 'kind', title: '', width: 1, value: (row: (string | number | undefined)[]) => row[0] },
      { key: 'size', title: '', width: 1, value: (row: (string | number | undefined)[]) => row[1] },
    ];
    const rows = [['b', 1], ['a', 2], ['a', undefined], ['a', 10]];
    expect(sortRows(rows, [{ key: 'kind', descending: false }, { key: 'size', descending: true }], columns)).toEqual([['a', 10], ['a', 2], ['a', undefined], ['b', 1]]);
    expect(sortRows(rows, [{ key: 'size', descending: false }], columns)).toEqual([['b', 1], ['a', 2], ['a', 10], ['a', undefined]]);
    expect(sortRows(rows, [{ key: 'unknown', descending: false }], columns)).toEqual(rows);
  });

  it('puts columns where they were dragged and pinned', () => {
    const columns = ['name', 'a', 'b', 'c'].map((key) => ({ key, title: key, width: 1 }));
    const keys = (order: string[], pinned: string[]) => arrange(columns, order, pinned).columns.map((column) => column.key).join('');
    expect(keys([], [])).toBe('nameabc');
    expect(keys(['c', 'a'], [])).toBe('namecab');
    expect(keys([], ['c', 'gone'])).toBe('namecab');
    expect(arrange(columns, [], ['c', 'gone']).pinned).toBe(1);
    expect(moveKey(['a', 'b', 'c'], 'c', 'a')).toEqual(['c', 'a', 'b']);
    expect(moveKey(['a', 'b', 'c'], 'a', undefined)).toEqual(['b', 'c', 'a']);
    expect(moveKey(['a', 'b'], 'a', 'gone')).toEqual(['b', 'a']);
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
