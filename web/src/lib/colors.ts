// SPDX-License-Identifier: MIT
// Which of the ten series hues an object wears: by its id alone, so that a run keeps its colour on every page. Where
// two that are shown together share a hue, their dashes tell them apart.

export const seriesCount = 10;

/** Lengths of line and gap, in pixels; the first is a whole line. */
export const dashes: readonly (readonly number[])[] = [[], [6, 4], [2, 3], [9, 3, 2, 3], [12, 5]];

export interface LineStyle {
  hue: number;
  /** Index into `dashes`. */
  dash: number;
}

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

/** Styles for a set shown together: each its own hue, and another dash for every further one of a hue; independent of
    the order given. */
export function lineStyles(ids: readonly string[]): Map<string, LineStyle> {
  const styles = new Map<string, LineStyle>();
  const worn = new Map<number, number>();
  for (const id of [...new Set(ids)].sort()) {
    const hue = hueOf(id);
    const before = worn.get(hue) ?? 0;
    worn.set(hue, before + 1);
    styles.set(id, { hue, dash: before % dashes.length });
  }
  return styles;
}
