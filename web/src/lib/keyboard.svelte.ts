// SPDX-License-Identifier: MIT
// Keys that work anywhere on the page. Nothing fires while somebody types in a field or a dialog is open.
import { router } from './router.svelte';

/** What a table lends to the keyboard while it is on the page. */
export interface KeyboardTable {
  move(by: number): void;
  open(): void;
  toggle(): void;
  compare?(): void;
}

export const places: { key: string; path: string; name: string }[] = [
  { key: 'o', path: '/', name: 'Overview' },
  { key: 'e', path: '/experiments', name: 'Experiments' },
  { key: 'm', path: '/models', name: 'Models' },
  { key: 'p', path: '/deployments', name: 'Deployments' },
  { key: 't', path: '/abtests', name: 'A/B tests' },
  { key: 'd', path: '/data', name: 'Data' },
  { key: 's', path: '/monitoring', name: 'Serving and monitoring' },
  { key: 'a', path: '/audit', name: 'Audit' },
];

class Keyboard {
  palette = $state(false);
  sheet = $state(false);
  #leader = 0;
  #tables: KeyboardTable[] = [];

  constructor() {
    window.addEventListener('keydown', (event) => this.#press(event));
  }

  /** Registers a table; answers how to take it off again. */
  table(table: KeyboardTable): () => void {
    this.#tables.push(table);
    return () => (this.#tables = this.#tables.filter((other) => other !== table));
  }

  #press(event: KeyboardEvent): void {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      this.palette = !this.palette;
      return;
    }
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.closest('input:not([type=checkbox]), textarea, select, [contenteditable], dialog[open]')) return;
    const key = event.key;
    if (performance.now() < this.#leader) {
      this.#leader = 0;
      const place = places.find((entry) => entry.key === key);
      if (place) {
        event.preventDefault();
        router.go(place.path);
      }
      return;
    }
    if (this.#act(key, target)) event.preventDefault();
  }

  #act(key: string, target: HTMLElement): boolean {
    const table = this.#tables.at(-1);
    switch (key) {
      case 'g':
        this.#leader = performance.now() + 1200;
        return true;
      case '?':
        this.sheet = true;
        return true;
      case '/': {
        const search = document.querySelector<HTMLInputElement>('[data-search]');
        if (search) search.focus();
        else this.palette = true;
        return true;
      }
      case 'j':
      case 'ArrowDown':
        if (!table || (key === 'ArrowDown' && !target.closest('[data-table]'))) return false;
        table.move(1);
        return true;
      case 'k':
      case 'ArrowUp':
        if (!table || (key === 'ArrowUp' && !target.closest('[data-table]'))) return false;
        table.move(-1);
        return true;
      case 'Enter':
        if (!table || target.closest('a, button')) return false;
        table.open();
        return true;
      case ' ':
      case 'x':
        if (!table || (key === ' ' && !target.closest('[data-table]')) || target.closest('a, button')) return false;
        table.toggle();
        return true;
      case 'c':
        if (!table?.compare) return false;
        table.compare();
        return true;
      default:
        return false;
    }
  }
}

export const keyboard = new Keyboard();
