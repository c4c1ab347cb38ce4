// SPDX-License-Identifier: MIT
// The path to the page in the top bar; each page says its own.

export interface Crumb {
  name: string;
  path?: string;
}

class Crumbs {
  items = $state.raw<Crumb[]>([]);
}

export const crumbs = new Crumbs();

/** Called once by a page; follows what its function reads. */
export function useCrumbs(items: () => Crumb[]): void {
  $effect(() => {
    crumbs.items = items();
  });
}
