// SPDX-License-Identifier: MIT
// The time windows of the monitoring charts, each with buckets that make about 120 points.

import type { MetricBucket } from '../api/types';

const bucketsMax = 2000;

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

/** Buckets on a whole grid: those the server left out, having no values, count zero. */
export function fillBuckets(items: readonly MetricBucket[], bucketSeconds: number): MetricBucket[] {
  const step = bucketSeconds * 1000;
  const out: MetricBucket[] = [];
  let last: number | undefined;
  for (const item of items) {
    const at = Date.parse(item.time);
    for (let gap = last === undefined ? at : last + step; gap < at && out.length < bucketsMax; gap += step) {
      out.push({ time: new Date(gap).toISOString(), count: 0, per_second: 0 });
    }
    out.push(item);
    last = at;
  }
  return out;
}

const samplesMissed = 2;

/** As `fillBuckets`, for what is sampled at an interval of its own: only a pause in which samples are missing is a gap. */
export function fillGauge(items: readonly MetricBucket[], bucketSeconds: number): MetricBucket[] {
  const apart = items
    .slice(1)
    .map((item, index) => Date.parse(item.time) - Date.parse(items[index]?.time ?? item.time))
    .sort((a, b) => a - b);
  const usual = apart[Math.floor(apart.length / 2)] ?? 0;
  const first = items[0];
  if (!first) return [];
  const out: MetricBucket[] = [first];
  items.slice(1).forEach((item, index) => {
    const before = items[index] ?? item;
    if (Date.parse(item.time) - Date.parse(before.time) > samplesMissed * usual) out.push(...fillBuckets([before, item], bucketSeconds).slice(1, -1));
    out.push(item);
  });
  return out;
}

/** From and to as RFC 3339, snapped to whole buckets so that a repeated ask within one bucket is the same ask. */
export function windowOf(range: TimeRange, now: number): { start: string; end: string } {
  const step = range.bucketSeconds * 1000;
  const end = Math.ceil(now / step) * step;
  return { start: new Date(end - range.seconds * 1000).toISOString(), end: new Date(end).toISOString() };
}
