// SPDX-License-Identifier: MIT
// What a table shows: its columns, and the window of rows that is really in the document.
import type { Snippet } from 'svelte';

export interface Column<Row> {
  key: string;
  title: string;
  unit?: string;
  /** What the word of the heading means. */
  about?: string;
  /** Pixels; the first column takes what is left. */
  width: number;
  numeric?: boolean;
  sortable?: boolean;
  /** The cell; without it `text` is shown. */
  cell?: Snippet<[Row]>;
  text?: (row: Row) => string;
  /** On hover, where `text` is rounded or cut short. */
  exact?: (row: Row) => string;
  /** What rows are ordered by where the browser sorts them. */
  value?: (row: Row) => string | number | undefined | null;
}

export interface Sort {
  key: string;
  descending: boolean;
}

export const sortsMax = 4;

/** `-metrics.auc,name` as the URL has it: by the first, what is equal by the next. A comma inside a key is `%2C`. */
export function parseSorts(text: string, otherwise: readonly Sort[]): readonly Sort[] {
  const parts = text.split(',').filter((part) => part.replace(/^-/, ''));
  if (!parts.length) return otherwise;
  return parts.slice(0, sortsMax).map((part) => ({ key: part.replace(/^-/, '').replaceAll('%2C', ','), descending: part.startsWith('-') }));
}

export function writeSorts(sorts: readonly Sort[]): string {
  return sorts.map((sort) => (sort.descending ? '-' : '') + sort.key.replaceAll(',', '%2C')).join(',');
}

/** What a press on a heading makes of the sorts: alone, or (`add`) after the others. A key again turns round. */
export function pressSort(sorts: readonly Sort[], key: string, descending: boolean, add: boolean): Sort[] {
  const at = sorts.findIndex((sort) => sort.key === key);
  const turned = { key, descending: at < 0 ? descending : !sorts[at]?.descending };
  if (!add) return [turned];
  if (at < 0) return [...sorts, turned].slice(-sortsMax);
  return sorts.map((sort, index) => (index === at ? turned : sort));
}

/** Rows in order, what has no value last either way; equal rows stay as they came. */
export function sortRows<Row>(rows: readonly Row[], sorts: readonly Sort[], columns: readonly Column<Row>[]): Row[] {
  const keys = sorts.flatMap((sort) => {
    const value = columns.find((column) => column.key === sort.key)?.value;
    return value ? [{ value, sign: sort.descending ? -1 : 1 }] : [];
  });
  return [...rows].sort((a, b) => {
    for (const { value, sign } of keys) {
      const by = compareValues(value(a), value(b), sign);
      if (by) return by;
    }
    return 0;
  });
}

function compareValues(a: unknown, b: unknown, sign: number): number {
  const gone = (value: unknown): boolean => value === undefined || value === null || value === '' || Number.isNaN(value);
  if (gone(a) || gone(b)) return Number(gone(a)) - Number(gone(b));
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -sign : a > b ? sign : 0;
  return sign * String(a).localeCompare(String(b), undefined, { numeric: true });
}

/** The columns as they stand: the first, those pinned beside it, the rest in the order asked for. */
export function arrange<Row>(columns: readonly Column<Row>[], order: readonly string[], pinned: readonly string[]): { columns: Column<Row>[]; pinned: number } {
  const [first, ...rest] = columns;
  if (!first) return { columns: [], pinned: 0 };
  const place = (column: Column<Row>): number => {
    const at = order.indexOf(column.key);
    return at < 0 ? order.length : at;
  };
  const ordered = order.length ? [...rest].sort((a, b) => place(a) - place(b)) : rest;
  const beside = ordered.filter((column) => pinned.includes(column.key));
  return { columns: [first, ...beside, ...ordered.filter((column) => !pinned.includes(column.key))], pinned: beside.length };
}

/** Keys with one of them put before another (or last); the first column is not among them. */
export function moveKey(keys: readonly string[], key: string, before: string | undefined): string[] {
  const others = keys.filter((other) => other !== key);
  const at = before === undefined ? others.length : others.indexOf(before);
  return [...others.slice(0, at < 0 ? others.length : at), key, ...others.slice(at < 0 ? others.length : at)];
}

/** Where to scroll so that a row stays where it is on the screen when others arrive above it. */
export function anchoredTop(
  scrollTop: number,
  rowHeight: number,
  before: readonly string[],
  after: ReadonlyMap<string, number>,
): { top: number; above: number } {
  const from = Math.floor(scrollTop / rowHeight);
  for (let at = from; at < before.length; at += 1) {
    const now = after.get(before[at] ?? '');
    if (now !== undefined) return { top: scrollTop + (now - at) * rowHeight, above: Math.max(0, now - at) };
  }
  return { top: scrollTop, above: 0 };
}

/** The rows to put into the document for a scroll position, some above and below it included. */
export function visibleRange(
  scrollTop: number,
  viewHeight: number,
  rowHeight: number,
  count: number,
  spare = 12,
): { first: number; last: number } {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
  const last = Math.min(count, Math.ceil((scrollTop + viewHeight) / rowHeight) + spare);
  return { first: Math.min(first, last), last };
}
