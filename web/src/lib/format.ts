// SPDX-License-Identifier: MIT
// Numbers, sizes, spans and times as people read them. Pure; nothing here knows the page.

/** A number as the API sends it: non-finite doubles travel as their names. */
export type ApiNumber = number | 'NaN' | 'Infinity' | '-Infinity';

export const missing = '–';
const minus = '−';
const thin = '\u202f';
const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** The double behind an API number; undefined where there is none. */
export function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return NaN;
  if (value === 'Infinity') return Infinity;
  if (value === '-Infinity') return -Infinity;
  return undefined;
}

function trueMinus(text: string): string {
  return text.startsWith('-') ? minus + text.slice(1) : text;
}

function nonFinite(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '∞' : `${minus}∞`;
}

function power(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((digit) => superscripts[Number(digit)]).join('');
  return `×10${exponent < 0 ? '⁻' : ''}${digits}`;
}

function significant(value: number, digits: number): string {
  const rounded = Number(value.toPrecision(digits));
  const magnitude = rounded === 0 ? 0 : Math.floor(Math.log10(Math.abs(rounded)));
  return rounded.toFixed(Math.min(12, Math.max(0, digits - 1 - magnitude)));
}

/** Three significant digits by default: 0.984, 12.3, 1.23×10⁻⁵; larger numbers with an SI letter. */
export function formatNumber(value: unknown, digits = 3): string {
  const number = toNumber(value);
  if (number === undefined) return missing;
  if (!Number.isFinite(number)) return nonFinite(number);
  const size = Math.abs(number);
  if (size === 0) return '0';
  if (Number.isInteger(number) && size < 100_000) return trueMinus(String(number));
  if (size < 1e-3) {
    const exponent = Math.floor(Math.log10(size));
    return trueMinus(significant(number / 10 ** exponent, digits)) + power(exponent);
  }
  if (size < 1000) return trueMinus(significant(number, digits));
  return scaled(number, digits);
}

const letters = ['', 'k', 'M', 'G', 'T', 'P'];

function scaled(number: number, digits: number): string {
  let step = Math.min(letters.length - 1, Math.floor(Math.log10(Math.abs(number)) / 3));
  let mantissa = number / 1000 ** step;
  if (Math.abs(Number(mantissa.toPrecision(digits))) >= 1000 && step < letters.length - 1) {
    step += 1;
    mantissa = number / 1000 ** step;
  }
  if (Math.abs(mantissa) >= 1000) return trueMinus(number.toExponential(digits - 1));
  return `${trueMinus(significant(mantissa, digits))}${thin}${letters[step]}`.trimEnd();
}

/** As `formatNumber`, without trailing zeros: for axes and for parameters as they were given. */
export function formatShort(value: unknown, digits = 6): string {
  return formatNumber(value, digits).replace(/^([−\d]*\.\d*?)0+(?=\D|$)/, '$1').replace(/\.(?=\D|$)/, '');
}

/** How many of something: 12,345 in full, larger ones as 1.23 M. */
export function formatCount(value: unknown): string {
  const number = toNumber(value);
  if (number === undefined) return missing;
  if (!Number.isFinite(number)) return nonFinite(number);
  if (Math.abs(number) >= 1e6) return scaled(number, 3);
  return trueMinus(Math.round(number).toLocaleString('en-US'));
}

/** Full precision, for hover and copy. */
export function formatExact(value: unknown): string {
  const number = toNumber(value);
  if (number === undefined) return missing;
  return Number.isFinite(number) ? trueMinus(String(number)) : nonFinite(number);
}

/** A share of one as a percentage: 0.984 becomes 98.4 %. */
export function formatShare(value: unknown): string {
  const number = toNumber(value);
  if (number === undefined) return missing;
  if (!Number.isFinite(number)) return nonFinite(number);
  return `${formatNumber(number * 100)}${thin}%`;
}

/** A value beside its unit. `ratio` and `percent` become %, bytes and seconds get their own scale. */
export function formatWithUnit(value: unknown, unit = ''): string {
  switch (unit) {
    case '':
      return formatNumber(value);
    case 'count':
      return formatCount(value);
    case 'ratio':
      return formatShare(value);
    case '%':
    case 'percent':
      return toNumber(value) === undefined ? missing : `${formatNumber(value)}${thin}%`;
    case 'bytes':
    case 'B':
      return formatBytes(value);
    case '1/s':
      return toNumber(value) === undefined ? missing : `${formatNumber(value)}/s`;
    case 's':
    case 'seconds':
      return formatSpan(value);
    default:
      return toNumber(value) === undefined ? missing : `${formatNumber(value)}${thin}${unit}`;
  }
}

const sizes = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function formatBytes(value: unknown): string {
  const number = toNumber(value);
  if (number === undefined || !Number.isFinite(number)) return missing;
  let step = 0;
  let rest = Math.abs(number);
  while (rest >= 1024 && step < sizes.length - 1) {
    rest /= 1024;
    step += 1;
  }
  return `${trueMinus(formatNumber(Math.sign(number) * rest))}${thin}${sizes[step]}`;
}

/** A span of seconds: 850 µs, 1.2 ms, 3.4 s, 2 min 5 s, 3 h 12 min, 2 d 4 h. */
export function formatSpan(value: unknown): string {
  const seconds = toNumber(value);
  if (seconds === undefined || !Number.isFinite(seconds)) return missing;
  const size = Math.abs(seconds);
  if (size === 0) return `0${thin}s`;
  if (size < 1e-3) return `${formatNumber(seconds * 1e6)}${thin}µs`;
  if (size < 1) return `${formatNumber(seconds * 1e3)}${thin}ms`;
  if (size < 59.95) return `${formatNumber(seconds)}${thin}s`;
  const whole = Math.round(size);
  const pairs: [number, string, number, string][] = [
    [86400, 'd', 3600, 'h'],
    [3600, 'h', 60, 'min'],
    [60, 'min', 1, 's'],
  ];
  const found = pairs.find(([large]) => whole >= large);
  if (!found) return `${whole}${thin}s`;
  const [large, largeName, small, smallName] = found;
  const rest = Math.floor((whole % large) / small);
  const head = `${Math.floor(whole / large)}${thin}${largeName}`;
  return rest ? `${head} ${rest}${thin}${smallName}` : head;
}

/** Seconds between two instants (RFC 3339); the second defaults to `now`. */
export function secondsBetween(from: string | undefined | null, to?: string | null, now = Date.now()): number | undefined {
  if (!from) return undefined;
  const start = Date.parse(from);
  const end = to ? Date.parse(to) : now;
  return Number.isNaN(start) || Number.isNaN(end) ? undefined : Math.max(0, (end - start) / 1000);
}

/** "now", "12 s ago", "3 min ago", "5 h ago", "2 d ago", then the date. */
export function formatAgo(time: string | undefined | null, now = Date.now()): string {
  if (!time) return missing;
  const at = Date.parse(time);
  if (Number.isNaN(at)) return missing;
  const seconds = (now - at) / 1000;
  if (seconds < 0) return formatDate(at);
  if (seconds < 5) return 'now';
  if (seconds < 60) return `${Math.floor(seconds)}${thin}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${thin}min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}${thin}h ago`;
  if (seconds < 30 * 86400) return `${Math.floor(seconds / 86400)}${thin}d ago`;
  return formatDate(at);
}

function formatDate(at: number): string {
  return new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
}

/** The instant in the reader's zone, named. */
export function formatInstant(time: string | undefined | null): string {
  if (!time) return missing;
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return missing;
  return at.toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  });
}

/** The last eight characters of an id, which differ (the first are the time it was made); names stay whole. */
export function shortId(id: string): string {
  return /^[0-9a-f-]{20,}$/.test(id) ? id.slice(-8) : id;
}

/** Any parameter or document value on one line. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined || value === '') return missing;
  if (typeof value === 'number') return formatShort(value);
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  const tagged = (value as { $number?: unknown }).$number;
  if (tagged !== undefined) return formatNumber(tagged);
  return JSON.stringify(value);
}

/** "1 run", "2 runs", "1,234 runs". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
