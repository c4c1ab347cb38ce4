// SPDX-License-Identifier: MIT
// One clock for every relative time on the page; it stands still while the tab is hidden.

class Clock {
  now = $state(Date.now());

  constructor() {
    setInterval(() => this.#tick(), 5000);
    document.addEventListener('visibilitychange', () => this.#tick());
  }

  #tick(): void {
    if (!document.hidden) this.now = Date.now();
  }
}

export const clock = new Clock();
