// SPDX-License-Identifier: MIT
// The time windows of the monitoring charts, each with buckets that make about 120 points.

export interface TimeRange {
  key: string;
  name: string;
  seconds: number;
  bucketSeconds: number;
}

export const ranges: readonly TimeRange[] = [
  { key: '15m', name: 'Last 15 minutes', seconds: 900, bucketSeconds: 10 },
  { key: '1h', name: 'Last hour', seconds: 3600, bucketSeconds: 30 },
  { key: '6h', name: 'Last 6 hours', seconds: 21_600, bucketSeconds: 180 },
  { key: '24h', name: 'Last 24 hours', seconds: 86_400, bucketSeconds: 720 },
  { key: '7d', name: 'Last 7 days', seconds: 604_800, bucketSeconds: 3600 },
  { key: '30d', name: 'Last 30 days', seconds: 2_592_000, bucketSeconds: 21_600 },
];

export function rangeOf(key: string): TimeRange {
  return ranges.find((range) => range.key === key) ?? (ranges[1] as TimeRange);
}

/** From and to as RFC 3339, snapped to whole buckets so that a repeated ask within one bucket is the same ask. */
export function windowOf(range: TimeRange, now: number): { start: string; end: string } {
  const step = range.bucketSeconds * 1000;
  const end = Math.ceil(now / step) * step;
  return { start: new Date(end - range.seconds * 1000).toISOString(), end: new Date(end).toISOString() };
}
