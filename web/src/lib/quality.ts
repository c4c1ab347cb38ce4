// SPDX-License-Identifier: MIT
// What a quality report says of a column, whichever of its statistics are there.
import type { Document, QualityIssue } from '../api/types';
import { toNumber } from './format';

export interface Distribution {
  edges: number[];
  counts: number[];
  labels?: string[];
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.map(toNumber).filter((entry) => entry !== undefined) : [];
}

/** The histogram of a numeric column, or the top values of another; undefined where the report has neither. */
export function distributionOf(stats: Document): Distribution | undefined {
  const histogram = stats.histogram as Document | unknown[] | undefined;
  if (histogram && !Array.isArray(histogram)) {
    const counts = numbers(histogram.counts);
    const edges = numbers(histogram.edges ?? histogram.bins ?? histogram.bin_edges);
    if (counts.length && edges.length === counts.length + 1) return { counts, edges };
  }
  const top = stats.top_values ?? stats.value_counts;
  const pairs: [string, number][] = [];
  if (Array.isArray(top)) {
    for (const entry of top as (Document | unknown[])[]) {
      const [label, count] = Array.isArray(entry) ? entry : [entry.value, entry.count];
      pairs.push([String(label), toNumber(count) ?? 0]);
    }
  } else if (top && typeof top === 'object') {
    for (const [label, count] of Object.entries(top)) pairs.push([label, toNumber(count) ?? 0]);
  }
  if (!pairs.length) return undefined;
  return { edges: [], counts: pairs.map(([, count]) => count), labels: pairs.map(([label]) => label) };
}

export function columnsOfIssue(issue: QualityIssue): string[] {
  return issue.columns ?? (issue.column ? [issue.column] : []);
}

const ranks: Record<string, number> = { critical: 0, error: 0, high: 0, warning: 1, medium: 1, low: 2, info: 3 };

/** Gravest first. */
export function sortIssues(issues: readonly QualityIssue[]): QualityIssue[] {
  return [...issues].sort((a, b) => (ranks[a.severity ?? ''] ?? 1) - (ranks[b.severity ?? ''] ?? 1));
}
