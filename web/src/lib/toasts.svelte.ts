// SPDX-License-Identifier: MIT
// Short messages at the edge of the page, at most three. Each goes six seconds after nobody reads it any more: the
// clock stands still while the pointer rests on it or the focus is in it.

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
  undo?: () => void;
  /** What the button of `undo` says. */
  verb: string;
}

const limit = 3;
export const lifetimeMs = 6000;

class Toasts {
  items = $state<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  show(text: string, options: { tone?: Toast['tone']; undo?: () => void; verb?: string } = {}): void {
    const toast: Toast = { id: this.#next++, text, tone: options.tone ?? 'plain', undo: options.undo, verb: options.verb ?? 'Undo' };
    for (const gone of [...this.items, toast].slice(0, -limit)) this.hold(gone.id);
    this.items = [...this.items, toast].slice(-limit);
    this.release(toast.id);
  }

  /** Somebody reads it: it stays. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  release(id: number): void {
    this.hold(id);
    this.#timers.set(
      id,
      setTimeout(() => this.drop(id), lifetimeMs),
    );
  }

  drop(id: number): void {
    this.hold(id);
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
