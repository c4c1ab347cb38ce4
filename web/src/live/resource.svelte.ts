// SPDX-License-Identifier: MIT
// An answer of the API that stays fresh: the last one known is shown at once, then the newest, then again on every
// change that concerns it. Made inside a component; ends with it.
import { untrack } from 'svelte';
import { session } from '../api/session.svelte';
import { live, type Change } from './stream.svelte';

const cacheLimit = 200;
const cache = new Map<string, unknown>();
const skeletonAfterMs = 200;

function remember(key: string, value: unknown): void {
  cache.delete(key);
  cache.set(key, value);
  const oldest = cache.keys().next();
  if (cache.size > cacheLimit && !oldest.done) cache.delete(oldest.value);
}

export interface Resource<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  /** Nothing to show yet and the answer takes longer than a blink: time for a skeleton. */
  readonly waiting: boolean;
  readonly fresh: boolean;
  reload(): void;
}

export interface Options {
  /** Which changes concern this answer; without it every change does. */
  concerns?: (change: Change) => boolean;
  /** The least time between two asks, for answers that cost the server something. */
  everyMs?: number;
  /** Keep showing the former answer until that of a new key is there: for tables that are sorted and filtered. */
  keep?: boolean;
}

/** `key` names the answer (undefined: nothing to ask yet); `load` asks for it. Both are read reactively. */
export function resource<T>(
  key: () => string | undefined,
  load: (signal: AbortSignal) => Promise<T>,
  options: Options = {},
): Resource<T> {
  let data = $state.raw<T | undefined>();
  let error = $state.raw<unknown>();
  let waiting = $state(false);
  let fresh = $state(false);
  let current = '';
  let running: AbortController | undefined;
  let again = false;
  let nextAt = 0;
  let timer = 0;

  async function ask(): Promise<void> {
    if (running) {
      again = true;
      return;
    }
    const controller = new AbortController();
    running = controller;
    const asked = current;
    nextAt = performance.now() + (options.everyMs ?? 0);
    const slow = setTimeout(() => (waiting = data === undefined), skeletonAfterMs);
    try {
      const answer = await load(controller.signal);
      remember(asked, answer);
      if (asked === current && !controller.signal.aborted) {
        data = answer;
        error = undefined;
        fresh = true;
      }
    } catch (problem) {
      if (asked === current && !controller.signal.aborted) error = problem;
    } finally {
      clearTimeout(slow);
      if (running === controller) {
        running = undefined;
        waiting = false;
        if (again) {
          again = false;
          schedule();
        }
      }
    }
  }

  function schedule(): void {
    if (timer || !current) return;
    timer = window.setTimeout(
      () => {
        timer = 0;
        void ask();
      },
      Math.max(0, nextAt - performance.now()),
    );
  }

  $effect(() => {
    const wanted = key();
    void session.generation;
    return untrack(() => {
      current = wanted ?? '';
      const known = current ? (cache.get(current) as T | undefined) : undefined;
      if (known !== undefined || !options.keep) data = known;
      error = undefined;
      fresh = false;
      if (current) void ask();
      const stop = live.listen((changes) => {
        if (changes.some((change) => change.topic === '*' || (options.concerns?.(change) ?? true))) schedule();
      });
      return () => {
        stop();
        clearTimeout(timer);
        timer = 0;
        again = false;
        running?.abort();
        running = undefined;
      };
    });
  });

  return {
    get data() {
      return data;
    },
    get error() {
      return error;
    },
    get waiting() {
      return waiting;
    },
    get fresh() {
      return fresh;
    },
    reload: () => void ask(),
  };
}
