// SPDX-License-Identifier: MIT
// Server-sent events out of a byte stream. EventSource cannot send an Authorization header, so the page reads
// the stream with fetch and this decoder.

export interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

// A server that never ends an event would otherwise grow this without bound.
const pendingLimit = 1 << 20;

/** Feed it text as it comes; it answers the events that became whole. Comments (heartbeats) are dropped. */
export class EventDecoder {
  #pending = '';
  #id = '';

  push(text: string): ServerEvent[] {
    this.#pending += text.replaceAll('\r\n', '\n');
    const blocks = this.#pending.split('\n\n');
    this.#pending = blocks.pop() ?? '';
    if (this.#pending.length > pendingLimit) throw new Error('an event is larger than 1 MiB');
    return blocks.flatMap((block) => this.#decode(block));
  }

  #decode(block: string): ServerEvent[] {
    let event = 'message';
    const data: string[] = [];
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (name === 'event') event = value;
      else if (name === 'data') data.push(value);
      else if (name === 'id') this.#id = value;
    }
    return data.length ? [{ id: this.#id, event, data: data.join('\n') }] : [];
  }
}
