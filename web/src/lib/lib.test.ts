// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { dashes, hueOf, lineStyles, seriesCount } from './colors';
import { guessDelimiter, parseRows, writeCsv } from './csv';
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatExact,
  formatNumber,
  formatShare,
  formatShort,
  formatSpan,
  formatValue,
  formatWithUnit,
  plural,
  secondsBetween,
  shortId,
} from './format';
import { smooth } from './smoothing';
import { EventDecoder } from './sse';
import { buildQuery, listOf, matchPattern, parseRange, splitBase, toggled } from './url';

const plain = (text: string) => text.replaceAll('\u202f', ' ');

describe('numbers', () => {
  it('keeps three significant digits, a true minus and no null', () => {
    expect(formatNumber(0.98412)).toBe('0.984');
    expect(formatNumber(-0.0312)).toBe('−0.0312');
    expect(formatNumber(412)).toBe('412');
    expect(plain(formatNumber(123456.7))).toBe('123 k');
    expect(plain(formatNumber(999999.9))).toBe('1.00 M');
    expect(formatNumber(0.0000123)).toBe('1.23×10⁻⁵');
    expect(formatNumber(null)).toBe('–');
    expect(formatNumber('NaN')).toBe('NaN');
    expect(formatNumber('-Infinity')).toBe('−∞');
    expect(formatNumber(0)).toBe('0');
    expect(formatShort(0.1)).toBe('0.1');
    expect(formatShort(-100)).toBe('−100');
    expect(formatShort(1.5e-7)).toBe('1.5×10⁻⁷');
    expect(formatShort(0.8, 3)).toBe('0.8');
    expect(formatExact(0.1 + 0.2)).toBe('0.30000000000000004');
  });

  it('writes counts, shares and units', () => {
    expect(formatCount(12345)).toBe('12,345');
    expect(plain(formatCount(1234567))).toBe('1.23 M');
    expect(plain(formatShare(0.984))).toBe('98.4 %');
    expect(plain(formatWithUnit(1.234, 'ms'))).toBe('1.23 ms');
    expect(formatWithUnit(undefined, 'ms')).toBe('–');
    expect(plain(formatBytes(1536))).toBe('1.50 KiB');
    expect(plural(1, 'run')).toBe('1 run');
    expect(plural(2000, 'run')).toBe('2,000 runs');
  });

  it('writes spans and ages', () => {
    expect(plain(formatSpan(0.00085))).toBe('850 µs');
    expect(plain(formatSpan(3.42))).toBe('3.42 s');
    expect(plain(formatSpan(125))).toBe('2 min 5 s');
    expect(plain(formatSpan(59.99))).toBe('1 min');
    expect(plain(formatSpan(90000))).toBe('1 d 1 h');
    const now = Date.parse('2026-01-02T00:00:00Z');
    expect(plain(formatAgo('2026-01-01T23:57:00.000000Z', now))).toBe('3 min ago');
    expect(formatAgo('2026-01-01T23:59:58Z', now)).toBe('now');
    expect(formatAgo('nonsense', now)).toBe('–');
    expect(secondsBetween('2026-01-01T23:59:00Z', null, now)).toBe(60);
  });

  it('shows any document value on one line', () => {
    expect(formatValue({ $number: 'NaN' })).toBe('NaN');
    expect(formatValue([1, 2])).toBe('[1,2]');
    expect(formatValue('')).toBe('–');
    expect(shortId('0190a1b2c3d4e5f60718293a4b5c6d7e')).toBe('4b5c6d7e');
    expect(shortId('breast-cancer')).toBe('breast-cancer');
  });
});

describe('smoothing', () => {
  it('has no start-up bias: a constant stays the constant', () => {
    for (const value of smooth([5, 5, 5, 5], 0.9)) expect(value).toBeCloseTo(5, 12);
  });

  it('passes gaps and NaN through and does not count them', () => {
    expect(smooth([1, null, 1], 0.5)).toEqual([1, null, 1]);
    expect(smooth([1, NaN, 3], 0)).toEqual([1, NaN, 3]);
    const [first, , third] = smooth([0, NaN, 1], 0.5);
    expect(first).toBe(0);
    expect(third).toBeCloseTo(2 / 3, 12);
  });
});

describe('urls', () => {
  it('splits the base off and matches patterns', () => {
    expect(splitBase('/dashboard/runs/1/')).toEqual({ base: '/dashboard', path: '/runs/1' });
    expect(splitBase('/dashboards')).toEqual({ base: '', path: '/dashboards' });
    expect(splitBase('/dashboard')).toEqual({ base: '/dashboard', path: '/' });
    expect(matchPattern('/runs/:id', '/runs/a%2Fb')).toEqual({ id: 'a/b' });
    expect(matchPattern('/runs/:id', '/runs')).toBeUndefined();
    expect(matchPattern('/', '/')).toEqual({});
    expect(matchPattern('/:rest*', '/a/b')).toEqual({ rest: 'a/b' });
    expect(matchPattern('/runs/:id', '/runs/%E0%A4%A')).toEqual({ id: '%E0%A4%A' });
  });

  it('writes a query without empty values', () => {
    expect(buildQuery({ a: 1, b: '', c: undefined, d: ['x', 'y'], e: false, f: [] })).toBe('?a=1&d=x,y');
    expect(buildQuery({})).toBe('');
    expect(listOf(new URLSearchParams('d=x,y'), 'd')).toEqual(['x', 'y']);
  });
});

describe('lists in the address', () => {
  it('keep elements that hold commas and percent signs', () => {
    const list = ['roc, auc', '50%', 'a%2Cb', 'plain'];
    expect(listOf(new URLSearchParams(buildQuery({ log: list })), 'log')).toEqual(list);
    expect(buildQuery({ runs: ['a', 'b'] })).toBe('?runs=a,b');
    expect(toggled(['a', 'b'], 'a')).toEqual(['b']);
    expect(toggled(['b'], 'a')).toEqual(['b', 'a']);
  });

  it('keep a part of an axis', () => {
    expect(parseRange('10..250.5')).toEqual([10, 250.5]);
    expect(['', '10', '9..3', 'a..b', '1..1'].map(parseRange)).toEqual(Array(5).fill(undefined));
  });
});

describe('colours', () => {
  it('gives a run the same hue alone, in company and in any order; the dash tells those of one hue apart', () => {
    const ids = Array.from({ length: 12 }, (_, index) => `run-${index}`);
    const styles = lineStyles(ids);
    expect(ids.map((id) => styles.get(id)?.hue)).toEqual(ids.map(hueOf));
    expect(lineStyles([...ids].reverse())).toEqual(styles);
    expect(lineStyles(['run-1', 'run-1'])).toEqual(new Map([['run-1', { hue: hueOf('run-1'), dash: 0 }]]));
    expect(new Set([...styles.values()].map(({ hue, dash }) => `${hue} ${dash}`)).size).toBe(12);
    const many = [...lineStyles(Array.from({ length: 100 }, (_, index) => `r${index}`)).values()];
    expect(many.every(({ hue, dash }) => hue < seriesCount && dash < dashes.length)).toBe(true);
  });
});

describe('csv', () => {
  it('reads quotes, other delimiters and a torn end', () => {
    expect(parseRows('a;b\r\n"x;1";"say ""hi"""\r\n', 10)).toEqual([
      ['a', 'b'],
      ['x;1', 'say "hi"'],
    ]);
    expect(parseRows('a,b\n1,"open', 10)).toEqual([
      ['a', 'b'],
      ['1', 'open'],
    ]);
    expect(parseRows('a\nb\nc\n', 2)).toHaveLength(2);
    expect(guessDelimiter('"a,b,c"\tx')).toBe('\t');
    expect(writeCsv(['a'], [['x,"y']])).toBe('a\n"x,""y"\n');
  });
});

describe('server-sent events', () => {
  it('puts events together across chunks and keeps the last id', () => {
    const decoder = new EventDecoder();
    expect(decoder.push(': beat\n\nid: 7\nevent: cha')).toEqual([]);
    expect(decoder.push('nge\ndata: {"a":1}\n\n')).toEqual([{ id: '7', event: 'change', data: '{"a":1}' }]);
    expect(decoder.push('data: x\r\ndata: y\r\n\r\n')).toEqual([{ id: '7', event: 'message', data: 'x\ny' }]);
  });

  it('refuses an event without end', () => {
    expect(() => new EventDecoder().push('x'.repeat((1 << 20) + 1))).toThrow(/1 MiB/);
  });
});
