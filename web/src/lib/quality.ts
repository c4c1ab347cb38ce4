// SPDX-License-Identifier: MIT
// What a quality report says of a column, whichever of its statistics are there.
import type { Document, QualityIssue } from '../api/types';
import { formatValue, toNumber } from './format';

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

/** A rule across columns in words. */
export function describeRule(rule: Document): string {
  const text = (value: unknown): string => formatValue(value);
  const list = (value: unknown): string => (Array.isArray(value) ? value.map(text).join(', ') : text(value));
  switch (rule.rule) {
    case 'comparison':
      return `${text(rule.left)} ${text(rule.op)} ${text(rule.right ?? rule.value)}`;
    case 'required_if':
      return `${text(rule.column)} must be there where ${text(rule.when_column)} is ${text(rule.equals)}`;
    case 'unique_together':
      return `${list(rule.columns)} are unique together`;
    default:
      return JSON.stringify(rule);
  }
}

const severities = ['error', 'warning', 'info'];

/** The worst first; of one severity, what concerns most cells or rows. */
export function bySeverity(issues: readonly QualityIssue[]): QualityIssue[] {
  const rank = (issue: QualityIssue): number => {
    const at = severities.indexOf(issue.severity);
    return at < 0 ? severities.length : at;
  };
  return [...issues].sort((a, b) => rank(a) - rank(b) || b.count - a.count);
}
