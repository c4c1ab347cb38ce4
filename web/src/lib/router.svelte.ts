// SPDX-License-Identifier: MIT
// The page's address as state. History routing below / or /dashboard; the query string holds the whole view.
import { buildQuery, splitBase, type QueryValue } from './url';

class Router {
  readonly base: string;
  path = $state('/');
  search = $state.raw(new URLSearchParams());

  constructor() {
    this.base = splitBase(location.pathname).base;
    this.#read();
    window.addEventListener('popstate', () => this.#read());
    document.addEventListener('click', (event) => this.#follow(event));
  }

  /** The address of a page path, for links. */
  href(path: string, query: Record<string, QueryValue> = {}): string {
    return (path === '/' && this.base ? this.base : this.base + path) + buildQuery(query);
  }

  go(path: string, query: Record<string, QueryValue> = {}): void {
    history.pushState(null, '', this.href(path, query));
    this.#read();
    window.scrollTo(0, 0);
  }

  /** Changes single query values in place; an empty value takes its key away. */
  set(values: Record<string, QueryValue>, keep: 'replace' | 'push' = 'replace'): void {
    const query: Record<string, QueryValue> = Object.fromEntries(this.search);
    Object.assign(query, values);
    const address = this.href(this.path, query);
    if (keep === 'push') history.pushState(null, '', address);
    else history.replaceState(history.state, '', address);
    this.#read();
  }

  get(key: string, otherwise = ''): string {
    return this.search.get(key) ?? otherwise;
  }

  #read(): void {
    this.path = splitBase(location.pathname).path;
    this.search = new URLSearchParams(location.search);
  }

  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.dataset.external !== undefined) return;
    event.preventDefault();
    const { path } = splitBase(link.pathname);
    this.go(path, Object.fromEntries(new URLSearchParams(link.search)));
  }
}

export const router = new Router();
