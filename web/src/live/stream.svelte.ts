// SPDX-License-Identifier: MIT
// What changed, as it changes. One stream for all tabs of a browser (a web lock elects who holds it, the others
// listen on a broadcast channel), resumed by Last-Event-ID; polling when the stream cannot be had; silence while hidden.
import { request } from '../api/client';
import { session } from '../api/session.svelte';
import { EventDecoder } from '../lib/sse';

export interface Change {
  topic: string;
  kind: string;
  object_id: string;
}

export type LiveState = 'connecting' | 'live' | 'reconnecting' | 'polling' | 'paused';
type Listener = (changes: readonly Change[]) => void;

const coalesceMs = 250;
const pollMs = 5000;
const retryFirstMs = 500;
const retryLastMs = 10_000;
const failuresUntilPolling = 3;

/** Stands for "anything may have changed": after a gap, and on every poll. */
export const anything: Change = { topic: '*', kind: '*', object_id: '' };

class Live {
  state = $state<LiveState>('connecting');
  #listeners = new Set<Listener>();
  #pending: Change[] = [];
  #timer = 0;
  #poll = 0;
  #lastId = '';
  #stop = new AbortController();
  #channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('tracseq.changes');

  start(): void {
    this.#channel?.addEventListener('message', (event: MessageEvent<{ changes?: Change[]; state?: LiveState }>) => {
      if (event.data.changes) this.#take(event.data.changes);
      if (event.data.state && !document.hidden) this.#become(event.data.state, false);
    });
    document.addEventListener('visibilitychange', () => this.#wake());
    void this.#hold();
  }

  /** Calls back with what changed, at most four times a second; answers how to stop. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  restart(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#lastId = '';
    if (!document.hidden) void this.#hold();
  }

  #wake(): void {
    if (document.hidden) {
      this.#stop.abort();
      this.#become('paused', false);
      return;
    }
    this.#stop = new AbortController();
    this.#take([anything]);
    this.state = 'connecting';
    void this.#hold();
  }

  async #hold(): Promise<void> {
    const { signal } = this.#stop;
    // Locks exist on https and loopback only; elsewhere every tab holds a stream of its own.
    if (!navigator.locks) return this.#keep(signal);
    const probe = setTimeout(() => this.#become('live', false), 400);
    try {
      await navigator.locks.request('tracseq.stream', { signal }, () => {
        clearTimeout(probe);
        return this.#keep(signal);
      });
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      clearTimeout(probe);
    }
  }

  async #keep(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#read(signal, () => (failures = 0));
      } catch {
        // Said by the state; the next turn tries again.
      }
      if (signal.aborted || session.signInNeeded) return;
      failures += 1;
      if (failures >= failuresUntilPolling) this.#startPolling();
      else this.#become('reconnecting', true);
      await pause(Math.min(retryLastMs, retryFirstMs * 2 ** failures), signal);
    }
  }

  async #read(signal: AbortSignal, connected: () => void): Promise<void> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.#lastId) headers['Last-Event-ID'] = this.#lastId;
    const response = await request('/api/v1/events', { headers, signal, cache: 'no-store' }, 0);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (!reader) return;
    connected();
    this.#stopPolling();
    if (this.state !== 'live' && this.state !== 'connecting') this.#take([anything]);
    this.#become('live', true);
    const decoder = new EventDecoder();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const changes = decoder.push(value).flatMap((event) => {
        if (event.id) this.#lastId = event.id;
        return event.event === 'change' ? [parse(event.data)] : [];
      });
      if (changes.length) {
        this.#channel?.postMessage({ changes });
        this.#take(changes);
      }
    }
  }

  #startPolling(): void {
    this.#become('polling', true);
    if (this.#poll) return;
    this.#poll = window.setInterval(() => {
      if (document.hidden || this.#stop.signal.aborted) this.#stopPolling();
      else this.#take([anything]);
    }, pollMs);
  }

  #stopPolling(): void {
    clearInterval(this.#poll);
    this.#poll = 0;
  }

  #become(state: LiveState, tell: boolean): void {
    this.state = state;
    if (tell) this.#channel?.postMessage({ state });
  }

  #take(changes: readonly Change[]): void {
    if (document.hidden) return;
    this.#pending.push(...changes);
    if (this.#timer) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      const taken = this.#pending;
      this.#pending = [];
      for (const listener of this.#listeners) listener(taken);
    }, coalesceMs);
  }
}

function parse(data: string): Change {
  try {
    const value = JSON.parse(data) as Partial<Change>;
    return { topic: value.topic ?? '*', kind: value.kind ?? '', object_id: String(value.object_id ?? '') };
  } catch {
    return anything;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export const live = new Live();
