// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { isolated, prepare, sayAt, valueAt, type Line } from './plot';

const line = (xs: number[], ys: unknown[]): Line => ({ id: 'a', label: 'a', hue: 0, xs, ys });

describe('plot data', () => {
  it('aligns lines on one axis and tells gaps from missing points', () => {
    const { data } = prepare([line([0, 2], [1, 'NaN']), line([1, 2], [5, 6])], 0, false);
    expect(data).toEqual([
      [0, 1, 2],
      [1, undefined, null],
      [undefined, 5, 6],
    ]);
  });

  it('keeps the raw line beside the smoothed one', () => {
    const { data, lines } = prepare([line([0, 1], [2, 2])], 0.6, false);
    expect(lines.map((entry) => entry.raw)).toEqual([true, false]);
    expect(data[2]?.[1]).toBeCloseTo(2, 12);
  });

  it('leaves out on a log axis what has no logarithm', () => {
    expect(prepare([line([0, 1, 2], [0, -1, 3])], 0, true).data[1]).toEqual([null, null, 3]);
  });

  it('says in a tooltip what was given where nothing could be drawn', () => {
    const say = (ys: unknown[], log: boolean, index: number) => sayAt(prepare([line([0, 1, 2], ys)], 0, log), 0, index, (value) => `${value} ms`)?.text;
    expect(['NaN', 'Infinity', '-Infinity', null].map((value) => say([1, value, 3], false, 1))).toEqual(['NaN', '∞', '−∞', '–']);
    expect(say([1, -2, 0], true, 1)).toBe('-2 ms');
    expect(say([1, -2, 0], true, 2)).toBe('0 ms');
    expect(say([1, 2, 3], false, 1)).toBe('2 ms');
    expect(sayAt(prepare([line([5], [1])], 0, false), 1, 0, String)).toBeUndefined();
  });

  it('finds the numbers no line leads to', () => {
    expect(isolated([1, null, 2, undefined, 3, null, 4])).toEqual([0, 6]);
    expect(isolated([null, 1, undefined, null, undefined])).toEqual([1]);
    expect(isolated([1, 2, null])).toEqual([]);
    expect(isolated([7])).toEqual([0]);
    expect(isolated([])).toEqual([]);
  });

  it('reads a sparse line between its points', () => {
    expect(valueAt([1, undefined, undefined, 4], 2)).toBe(1);
    expect(valueAt([undefined, 2], 0)).toBeUndefined();
    expect(valueAt([null], 0)).toBeNull();
  });
});
