// SPDX-License-Identifier: MIT
// Lines over a common axis for uPlot: aligned, smoothed, coloured. Pure but for the drawing options.
import { smooth } from '../lib/smoothing';
import { formatExact, missing, toNumber } from '../lib/format';

export interface Line {
  id: string;
  label: string;
  /** 0 to 9: which series hue. */
  hue: number;
  /** Index into the dashes of `lib/colors.ts`; 0 or none: a whole line. */
  dash?: number;
  /** The id of the line with which it encloses a band. */
  bandTo?: string;
  /** The id of the line it belongs to: it has no entry of its own in the legend, and goes when that one goes. */
  of?: string;
  xs: readonly number[];
  ys: readonly unknown[];
}

export interface Prepared {
  /** Common x, then for each line its values; undefined where a line has no point there, null where it has no number. */
  data: [number[], ...(number | null | undefined)[][]];
  lines: { line: Line; raw: boolean }[];
  /** What was given for each of `lines`, on the common axis: what a tooltip says where nothing could be drawn. */
  given: unknown[][];
}

function finite(value: unknown, positive: boolean): number | null {
  const number = toNumber(value);
  if (number === undefined || !Number.isFinite(number)) return null;
  return positive && number <= 0 ? null : number;
}

/** Smoothed lines stand beside their raw ones (`raw`: drawn faintly). On a log axis what is not positive is a gap. */
export function prepare(lines: readonly Line[], weight: number, log: boolean): Prepared {
  const positions = new Map<number, number>();
  const axis = [...new Set(lines.flatMap((line) => [...line.xs]))].sort((a, b) => a - b);
  axis.forEach((x, index) => positions.set(x, index));
  const out: Prepared = { data: [axis], lines: [], given: [] };
  const add = (line: Line, values: readonly (number | null)[], raw: boolean): void => {
    const column = new Array<number | null | undefined>(axis.length).fill(undefined);
    line.xs.forEach((x, index) => (column[positions.get(x) ?? 0] = values[index]));
    const given = new Array<unknown>(axis.length).fill(undefined);
    line.xs.forEach((x, index) => (given[positions.get(x) ?? 0] = line.ys[index] ?? null));
    out.data.push(column);
    out.given.push(given);
    out.lines.push({ line, raw });
  };
  for (const line of lines) {
    const values = line.ys.map((value) => finite(value, log));
    if (weight > 0) {
      add(line, values, true);
      add(line, smooth(values, weight), false);
    } else add(line, values, false);
  }
  return out;
}

/** Where a column has a number between two gaps: no line leads to or from it, so only a point shows it. */
export function isolated(column: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = [];
  let alone: number | undefined;
  let before: number | null = null;
  for (let index = 0; index < column.length; index += 1) {
    const value = column[index];
    if (value === undefined) continue;
    if (value === null) {
      if (alone !== undefined) found.push(alone);
      alone = undefined;
    } else alone = before === null ? index : undefined;
    before = value;
  }
  if (alone !== undefined) found.push(alone);
  return found;
}

/** The value of a column at or just before an index: what a tooltip shows between two points of a sparse line. */
export function valueAt<T>(column: readonly (T | undefined)[], index: number): T | undefined {
  for (let at = index; at >= 0 && at > index - 64; at -= 1) {
    if (column[at] !== undefined) return column[at];
  }
  return undefined;
}

/** A tooltip's row: the drawn number, or in words what was given where none could be drawn (NaN, an infinity, nothing). */
export function sayAt(prepared: Prepared, place: number, index: number, format: (value: number) => string): { number: number; text: string } | undefined {
  const given = valueAt(prepared.given[place] ?? [], index);
  if (given === undefined) return undefined;
  const drawn = valueAt(prepared.data[place + 1] as readonly (number | null | undefined)[], index);
  if (typeof drawn === 'number') return { number: drawn, text: format(drawn) };
  const number = toNumber(given);
  if (number === undefined) return { number: -Infinity, text: missing };
  return Number.isFinite(number) ? { number, text: format(number) } : { number: Number.isNaN(number) ? -Infinity : number, text: formatExact(number) };
}
