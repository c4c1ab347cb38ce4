// SPDX-License-Identifier: MIT
// Short messages at the edge of the page, at most three, each gone after six seconds unless the pointer rests on it.

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
  undo?: () => void;
}

const limit = 3;
const lifetimeMs = 6000;

class Toasts {
  items = $state<Toast[]>([]);
  #next = 1;

  show(text: string, options: { tone?: Toast['tone']; undo?: () => void } = {}): void {
    const toast: Toast = { id: this.#next++, text, tone: options.tone ?? 'plain', undo: options.undo };
    this.items = [...this.items, toast].slice(-limit);
    setTimeout(() => this.drop(toast.id), lifetimeMs);
  }

  drop(id: number): void {
    this.items = this.items.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();

export async function copyText(text: string, what = 'Copied'): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toasts.show(what);
  } catch {
    toasts.show('The browser did not allow copying. Select the text and copy it by hand.', { tone: 'bad' });
  }
}
