// SPDX-License-Identifier: MIT
// Who reads the page. The token lives in sessionStorage: it ends with the tab and no other site can read it.

import type { Who } from './types';

const key = 'tracseq.token';

export type { Who } from './types';

class Session {
  token = $state(sessionStorage.getItem(key) ?? '');
  who = $state.raw<Who | undefined>(undefined);
  signInNeeded = $state(false);
  /** Grows with every sign-in and sign-out, so that what was read for somebody else is read again. */
  generation = $state(0);

  refused(): void {
    this.signInNeeded = true;
  }

  signIn(token: string): void {
    this.token = token;
    sessionStorage.setItem(key, token);
    this.signInNeeded = false;
    this.generation += 1;
  }

  signOut(): void {
    this.token = '';
    this.who = undefined;
    sessionStorage.removeItem(key);
    this.signInNeeded = true;
    this.generation += 1;
  }

  get label(): string {
    return this.who?.actor ?? '';
  }
}

export const session = new Session();
