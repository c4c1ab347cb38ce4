// SPDX-License-Identifier: MIT
// Light, dark, or what the system says. Kept in localStorage; charts repaint when `painted` changes.

export type Theme = 'system' | 'light' | 'dark';
const key = 'tracseq.theme';

function stored(): Theme {
  const value = localStorage.getItem(key);
  return value === 'light' || value === 'dark' ? value : 'system';
}

class ThemeState {
  choice = $state<Theme>(stored());
  painted = $state(0);

  constructor() {
    this.#apply();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => (this.painted += 1));
  }

  choose(choice: Theme): void {
    this.choice = choice;
    if (choice === 'system') localStorage.removeItem(key);
    else localStorage.setItem(key, choice);
    this.#apply();
  }

  next(): void {
    this.choose(this.choice === 'system' ? 'light' : this.choice === 'light' ? 'dark' : 'system');
  }

  #apply(): void {
    if (this.choice === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.choice;
    this.painted += 1;
  }
}

export const theme = new ThemeState();

/** The colour a token has now, resolved, for canvas drawing. */
export function cssColor(token: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}
