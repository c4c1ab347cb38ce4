// SPDX-License-Identifier: MIT
// What a table shows: its columns, and the window of rows that is really in the document.
import type { Snippet } from 'svelte';

export interface Column<Row> {
  key: string;
  title: string;
  unit?: string;
  /** Pixels; the first column takes what is left. */
  width: number;
  numeric?: boolean;
  sortable?: boolean;
  /** The cell; without it `text` is shown. */
  cell?: Snippet<[Row]>;
  text?: (row: Row) => string;
}

export interface Sort {
  key: string;
  descending: boolean;
}

/** `-metrics.auc` as the URL has it. */
export function parseSort(text: string, otherwise: Sort): Sort {
  if (!text) return otherwise;
  return text.startsWith('-') ? { key: text.slice(1), descending: true } : { key: text, descending: false };
}

export function writeSort(sort: Sort): string {
  return (sort.descending ? '-' : '') + sort.key;
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
