// SPDX-License-Identifier: MIT
// The page's address as state. History routing below / or /dashboard; the query string holds the whole view; what
// only this browser's history needs (how far one had scrolled, how many pages were loaded) is kept beside the address.
import { buildQuery, splitBase, type QueryValue } from './url';

type Query = Record<string, QueryValue>;
type Kept = Record<string, unknown>;

const scrollQuietMs = 120;
const restoreLimitMs = 3000;

class Router {
  readonly base: string;
  path = $state('/');
  search = $state.raw(new URLSearchParams());
  #scrollTimer = 0;
  #restoring = 0;

  constructor() {
    this.base = splitBase(location.pathname).base;
    this.#read();
    history.scrollRestoration = 'manual';
    window.addEventListener('popstate', () => {
      clearTimeout(this.#scrollTimer);
      this.#read();
      this.#restore();
    });
    window.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    for (const kind of ['wheel', 'touchstart', 'keydown', 'mousedown']) {
      window.addEventListener(kind, () => (this.#restoring = 0), { passive: true });
    }
    document.addEventListener('click', (event) => this.#follow(event));
    this.#restore();
  }

  /** The address of a page path, for links. */
  href(path: string, query: Query = {}): string {
    return (path === '/' && this.base ? this.base : this.base + path) + buildQuery(query);
  }

  /** The address of this view with some values changed. */
  with(values: Query): string {
    return this.href(this.path, { ...Object.fromEntries(this.search), ...values });
  }

  go(path: string, query: Query = {}): void {
    clearTimeout(this.#scrollTimer);
    this.#restoring = 0;
    history.pushState(null, '', this.href(path, query));
    this.#read();
    window.scrollTo(0, 0);
  }

  /** Changes single query values in place; an empty value takes its key away. `push`: Back undoes it. */
  set(values: Query, keep: 'replace' | 'push' = 'replace'): void {
    this.#put(this.with(values), keep);
  }

  /** Opens something that Back and `close` both close: a drawer, a full screen. */
  open(values: Query): void {
    this.#put(this.with(values), 'push', { opened: true });
  }

  close(...keys: string[]): void {
    if (this.kept('opened')) history.back();
    else this.set(Object.fromEntries(keys.map((key) => [key, ''])));
  }

  get(key: string, otherwise = ''): string {
    return this.search.get(key) ?? otherwise;
  }

  /** What `keep` put beside this entry of the history. */
  kept(key: string): unknown {
    return (history.state as Kept | null)?.[key];
  }

  keep(key: string, value: unknown): void {
    history.replaceState({ ...(history.state as Kept | null), [key]: value }, '');
  }

  #put(address: string, keep: 'replace' | 'push', more: Kept = {}): void {
    if (keep === 'push') history.pushState({ ...(history.state as Kept | null), opened: undefined, ...more }, '', address);
    else history.replaceState(history.state, '', address);
    this.#read();
  }

  #read(): void {
    this.path = splitBase(location.pathname).path;
    this.search = new URLSearchParams(location.search);
  }

  #scrolled(): void {
    if (this.#restoring) return;
    clearTimeout(this.#scrollTimer);
    this.#scrollTimer = window.setTimeout(() => this.keep('y', Math.round(window.scrollY)), scrollQuietMs);
  }

  /** Scrolls to where this entry was left, as soon as the page is long enough again; a reader's own move ends it. */
  #restore(): void {
    const wanted = Number(this.kept('y') ?? 0);
    const until = performance.now() + restoreLimitMs;
    this.#restoring = until;
    const step = (): void => {
      if (this.#restoring !== until) return;
      window.scrollTo(0, wanted);
      if (Math.abs(window.scrollY - wanted) < 2 || performance.now() > until) this.#restoring = 0;
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.dataset.external !== undefined) return;
    event.preventDefault();
    const { path } = splitBase(link.pathname);
    const query = Object.fromEntries(new URLSearchParams(link.search));
    // Another view of the same page does not jump to its top; a drawer's link says so and is closed by Back.
    if (path === this.path) this.#put(this.href(path, query), 'push', link.dataset.opens === undefined ? {} : { opened: true });
    else this.go(path, query);
  }
}

export const router = new Router();
