// SPDX-License-Identifier: MIT
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lifetimeMs, toasts } from './toasts.svelte';

describe('toasts', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    toasts.items = [];
    vi.useRealTimers();
  });

  it('go by themselves, but not while somebody reads them', () => {
    toasts.show('read');
    toasts.show('left alone');
    const read = toasts.items[0];
    toasts.hold(read?.id ?? 0);
    vi.advanceTimersByTime(lifetimeMs * 3);
    expect(toasts.items.map((toast) => toast.text)).toEqual(['read']);
    toasts.release(read?.id ?? 0);
    vi.advanceTimersByTime(lifetimeMs - 1);
    expect(toasts.items).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(toasts.items).toEqual([]);
  });

  it('are at most three, the newest', () => {
    for (const text of ['a', 'b', 'c', 'd']) toasts.show(text);
    expect(toasts.items.map((toast) => toast.text)).toEqual(['b', 'c', 'd']);
  });
});
