// SPDX-License-Identifier: MIT
// Which of the ten series hues an object wears: by its id, so that a run keeps its colour on every page.

export const seriesCount = 10;

/** FNV-1a over the id, stirred (its low bits alone are poor), folded to a hue. */
export function hueOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash ^= id.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return (hash >>> 0) % seriesCount;
}

/** Hues for a set shown together: each its own where it is free, else the next free one; independent of the order given. */
export function assignHues(ids: readonly string[]): Map<string, number> {
  const hues = new Map<string, number>();
  const taken = new Set<number>();
  for (const id of [...ids].sort()) {
    let hue = hueOf(id);
    if (taken.size < seriesCount) while (taken.has(hue)) hue = (hue + 1) % seriesCount;
    taken.add(hue);
    hues.set(id, hue);
  }
  return hues;
}
