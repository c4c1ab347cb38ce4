// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { drawSvg, roundTicks } from './chartsvg';

const line = (id: string, ys: unknown[], dash = 0) => ({ id, label: id, hue: 1, dash, xs: ys.map((_, index) => index), ys });

describe('charts as drawings', () => {
  it('draw lines with gaps, title and legend, and escape what would be markup', () => {
    const { svg, height } = drawSvg({ title: 'loss <val> & "more"', unit: 'ms', axis: 'step', lines: [line('a', [3, 'NaN', 1, 2]), line('b', [1, 1, 1, 1], 1)] });
    expect(svg).toContain('loss &lt;val&gt; &amp; &quot;more&quot; (ms)');
    expect(svg.match(/<path d="M[^"]*M[^"]*L/g)).toHaveLength(1);
    expect(svg).toContain('stroke-dasharray="6 4"');
    expect(svg.match(/>[ab]<\/text>/g)).toHaveLength(2);
    expect(svg).not.toContain('NaN');
    expect(svg).toContain(`height="${height}"`);
  });

  it('draw the part that is shown, a single point, and nothing at all', () => {
    const points = (range?: [number, number]) => drawSvg({ title: 't', axis: 'step', range, lines: [line('a', [1, 2, 3, 4])] }).svg.match(/<path d="([^"]*)"/)?.[1]?.split('L').length;
    expect(points()).toBe(4);
    expect(points([1, 2])).toBe(2);
    expect(drawSvg({ title: 't', axis: 'step', lines: [line('a', [5])] }).svg).toContain('<circle');
    const gaps = drawSvg({ title: 't', axis: 'step', lines: [line('a', [5, null, 6, null, 7, 8])] }).svg;
    expect(gaps.match(/<circle/g)).toHaveLength(2);
    expect(gaps.match(/<path/g)).toHaveLength(1);
    expect(drawSvg({ title: 't', axis: 'time', log: true, lines: [line('a', [0, -1])] }).svg).not.toMatch(/NaN|Infinity/);
  });

  it('have round ticks', () => {
    expect(roundTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(roundTicks(-3, 12, 5)).toEqual([0, 5, 10]);
    expect(roundTicks(4, 4, 5)).toEqual([4]);
  });
});
