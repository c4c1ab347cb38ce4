// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { prepare, valueAt, type Line } from './plot';

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

  it('reads a sparse line between its points', () => {
    expect(valueAt([1, undefined, undefined, 4], 2)).toBe(1);
    expect(valueAt([undefined, 2], 0)).toBeUndefined();
    expect(valueAt([null], 0)).toBeNull();
  });
});
