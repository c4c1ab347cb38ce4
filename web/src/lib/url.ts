// SPDX-License-Identifier: MIT
// Paths, patterns and query strings as plain values; the router turns them into behaviour.

/** The page is served at the root and below /dashboard; either way the rest of the path is the same. */
export function splitBase(pathname: string): { base: string; path: string } {
  const base = /^\/dashboard(?=\/|$)/.test(pathname) ? '/dashboard' : '';
  const rest = pathname.slice(base.length).replace(/\/+$/, '');
  return { base, path: rest === '' ? '/' : rest };
}

export type Params = Record<string, string>;

/** Matches `/models/:id` against a path; undefined where it does not fit. A last `:name*` takes the whole rest. */
export function matchPattern(pattern: string, path: string): Params | undefined {
  const wanted = pattern.split('/').filter(Boolean);
  const given = path.split('/').filter(Boolean);
  const params: Params = {};
  for (const [index, part] of wanted.entries()) {
    if (part.startsWith(':') && part.endsWith('*')) {
      params[part.slice(1, -1)] = given.slice(index).map(decode).join('/');
      return params;
    }
    const value = given[index];
    if (value === undefined) return undefined;
    if (part.startsWith(':')) params[part.slice(1)] = decode(value);
    else if (part !== value) return undefined;
  }
  return given.length === wanted.length ? params : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export type QueryValue = string | number | boolean | readonly string[] | null | undefined;

/** A query string without empty values, keys in the order given; arrays become a comma list. */
export function buildQuery(values: Record<string, QueryValue>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value === null || value === undefined || value === '' || value === false) continue;
    if (Array.isArray(value)) {
      if (value.length) search.set(key, value.map((part: string) => part.replaceAll('%', '%25').replaceAll(',', '%2C')).join(','));
    } else search.set(key, String(value));
  }
  // A comma inside an element is escaped twice and stays so; the commas between elements are easier to read bare.
  const text = search.toString().replaceAll('%2C', ',');
  return text ? `?${text}` : '';
}

/** The comma list under a key; empty where there is none. */
export function listOf(search: URLSearchParams, key: string): string[] {
  return (search.get(key) ?? '').split(',').filter(Boolean).map(decode);
}

/** A list with an element taken out where it was in, and put in where it was not. */
export function toggled(list: readonly string[], element: string): string[] {
  return list.includes(element) ? list.filter((other) => other !== element) : [...list, element];
}

/** `10..250` as the URL has the part of an axis; undefined where it is none. */
export function parseRange(text: string): [number, number] | undefined {
  const [low, high] = text.split('..').map(Number);
  return low !== undefined && high !== undefined && Number.isFinite(low) && Number.isFinite(high) && low < high ? [low, high] : undefined;
}
