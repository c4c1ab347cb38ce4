// SPDX-License-Identifier: MIT
// What a reader set for this browser: column widths, density, named views. Nothing is stored until something is set;
// what cannot be stored (a full or forbidden store) holds until the page is left.

/** Reads `key` of the browser's store; a stored value that `valid` refuses counts as none. */
export class Saved<T> {
  #value = $state.raw() as T;
  readonly #key: string;

  constructor(key: string, otherwise: T, valid: (value: unknown) => value is T) {
    this.#key = `tracseq.${key}`;
    this.#value = otherwise;
    try {
      const stored: unknown = JSON.parse(localStorage.getItem(this.#key) ?? 'null');
      if (valid(stored)) this.#value = stored;
    } catch {
      // Not JSON, or no store: as if nothing had been set.
    }
  }

  get value(): T {
    return this.#value;
  }

  set value(value: T) {
    this.#value = value;
    try {
      localStorage.setItem(this.#key, JSON.stringify(value));
    } catch {
      // The setting holds for this visit.
    }
  }
}

export type Density = 'comfortable' | 'compact';
export const density = new Saved<Density>('density', 'comfortable', (value) => value === 'comfortable' || value === 'compact');

export function isWidths(value: unknown): value is Record<string, number> {
  return !!value && typeof value === 'object' && Object.values(value).every((width) => typeof width === 'number' && width > 0);
}

export interface View {
  name: string;
  /** Path and query as the router has them. */
  path: string;
  search: string;
}

export function isViews(value: unknown): value is View[] {
  const texts = (view: Partial<View>): boolean => [view?.name, view?.path, view?.search].every((text) => typeof text === 'string');
  return Array.isArray(value) && value.every(texts);
}
