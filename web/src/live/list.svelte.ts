// SPDX-License-Identifier: MIT
// A list of the API, read page by page as far as somebody scrolled. Live changes read the same pages again, so that
// the list stays one list; how many they were is kept with the history entry, so that Back finds its place.
import { get } from '../api/client';
import type { Page } from '../api/types';
import { router } from '../lib/router.svelte';
import type { QueryValue } from '../lib/url';
import { resource, type Options, type Resource } from './resource.svelte';

const pageSize = 200;
/** The most the server answers at once: what was loaded page by page is read again in larger pieces. */
const answerMost = 1000;
const wholeMost = 10_000;
const pagesMax = 500;

interface Answer<T> {
  items: T[];
  total?: number;
  more: boolean;
}

export interface List<T> extends Resource<Answer<T>> {
  readonly rows: readonly T[];
  /** Whether `rows` is all there is. */
  readonly complete: boolean;
  /** How many there are, for headings and tabs: "1,234", or "200+" while nobody knows. */
  readonly size: string | undefined;
  /** Reads the next page; for a table's `onmore`. */
  readonly more: () => void;
}

interface ListOptions extends Options {
  /** The list filters or sorts in the browser just now, so it needs every page (at most 10,000 rows). */
  whole?: () => boolean;
}

/** `path` below /api/v1 (undefined: nothing to ask yet) and its filters, both read reactively. */
export function list<T>(path: () => string | undefined, filter: () => Record<string, QueryValue>, options: ListOptions = {}): List<T> {
  const name = $derived(`${path() ?? ''} ${JSON.stringify(filter())}`);
  const whole = $derived(options.whole?.() ?? false);
  const kept = router.kept('pages') as { name: string; count: number } | undefined;
  let asked = $state.raw(kept ?? { name: '', count: 1 });
  const pages = $derived(asked.name === name ? asked.count : 1);

  async function load(signal: AbortSignal): Promise<Answer<T>> {
    const items: T[] = [];
    let token: string | undefined;
    let total: number | undefined;
    const most = whole ? wholeMost : pages * pageSize;
    while (items.length < most) {
      const limit = Math.min(answerMost, most - items.length);
      const answer: Page<T> = await get(`/api/v1/${path() ?? ''}`, { ...filter(), limit, page_token: token }, signal);
      items.push(...answer.items);
      token = answer.next_page_token ?? undefined;
      total = answer.total;
      if (!token || !answer.items.length) break;
    }
    return { items, total, more: !!token };
  }

  const answer = resource(() => (path() === undefined ? undefined : `list ${name} ${whole ? 'whole' : pages}`), load, { keep: true, ...options });
  const rows = $derived(answer.data?.items ?? []);

  return {
    get data() {
      return answer.data;
    },
    get error() {
      return answer.error;
    },
    get waiting() {
      return answer.waiting;
    },
    get fresh() {
      return answer.fresh;
    },
    get rows() {
      return rows;
    },
    get complete() {
      return !!answer.data && !answer.data.more;
    },
    get size() {
      if (!answer.data) return undefined;
      return (answer.data.total ?? rows.length).toLocaleString('en-US') + (answer.data.more && answer.data.total === undefined ? '+' : '');
    },
    more: () => {
      if (!answer.data?.more || !answer.fresh || whole || pages >= pagesMax) return;
      asked = { name, count: pages + 1 };
      router.keep('pages', asked);
    },
    reload: answer.reload,
  };
}
