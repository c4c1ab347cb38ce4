// SPDX-License-Identifier: MIT
// What a list of runs can show: its columns by key, its metrics by section.
import type { Run, Tag } from '../api/types';
import { formatExact, formatNumber, formatSpan, formatValue, missing, secondsBetween } from './format';

export interface RunColumn {
  key: string;
  title: string;
  group: string;
  width: number;
  numeric?: boolean;
  /** Whether the server sorts by it. */
  sortable: boolean;
}

const fixed: RunColumn[] = [
  { key: 'name', title: 'Run', group: 'Run', width: 216, sortable: true },
  { key: 'status', title: 'Status', group: 'Run', width: 112, sortable: true },
  { key: 'created_at', title: 'Created', group: 'Run', width: 100, sortable: true },
  { key: 'duration', title: 'Duration', group: 'Run', width: 92, numeric: true, sortable: false },
  { key: 'created_by', title: 'By', group: 'Run', width: 120, sortable: false },
  { key: 'model_type', title: 'Model type', group: 'Run', width: 150, sortable: true },
  { key: 'framework', title: 'Framework', group: 'Run', width: 110, sortable: false },
  { key: 'algorithm', title: 'Algorithm', group: 'Run', width: 140, sortable: false },
  { key: 'dataset_name', title: 'Dataset', group: 'Run', width: 150, sortable: false },
  { key: 'tags', title: 'Tags', group: 'Run', width: 160, sortable: false },
];

function keysOf(runs: readonly Run[], pick: (run: Run) => object | undefined): string[] {
  return [...new Set(runs.flatMap((run) => Object.keys(pick(run) ?? {})))].sort();
}

/** Every column these runs could show. */
export function columnsOf(runs: readonly Run[]): RunColumn[] {
  return [
    ...fixed,
    ...keysOf(runs, (run) => run.metrics).map((key): RunColumn => ({ key: `metrics.${key}`, title: key, group: 'Metrics', width: 104, numeric: true, sortable: true })),
    ...keysOf(runs, (run) => run.params).map((key): RunColumn => ({ key: `params.${key}`, title: key, group: 'Parameters', width: 104, numeric: runs.some((run) => typeof run.params[key] === 'number'), sortable: true })),
  ];
}

const usualMetrics = 4;
const usualParams = 2;
const notUsual = /memory|gpu|cpu|time_seconds|^train_/;

/** The columns shown until somebody chooses: the facts, then the metrics that judge a run, then what was tried. */
export function usualColumns(all: readonly RunColumn[]): string[] {
  const metrics = all.filter((column) => column.group === 'Metrics');
  const judging = metrics.filter((column) => !notUsual.test(column.title));
  return [
    'status',
    'created_at',
    'duration',
    ...(judging.length ? judging : metrics).slice(0, usualMetrics).map((column) => column.key),
    ...all.filter((column) => column.group === 'Parameters').slice(0, usualParams).map((column) => column.key),
  ];
}

export function runSeconds(run: Run, now: number): number | undefined {
  const start = run.started_at ?? run.created_at;
  if (run.completed_at) return secondsBetween(start, run.completed_at);
  return run.status === 'running' ? secondsBetween(start, null, now) : undefined;
}

/** The text of a cell, for columns without a look of their own. */
export function runText(run: Run, key: string, now: number): string {
  if (key.startsWith('metrics.')) return formatNumber(run.metrics[key.slice(8)]);
  if (key.startsWith('params.')) return formatValue(run.params[key.slice(7)]);
  if (key === 'duration') return formatSpan(runSeconds(run, now));
  if (key === 'tags') return tagText(run.tags) || missing;
  return formatValue(run[key as keyof Run]);
}

/** The same in full, for hover: numbers with every digit, times with their zone. */
export function runExact(run: Run, key: string, now: number): string {
  if (key.startsWith('metrics.')) return formatExact(run.metrics[key.slice(8)]);
  const parameter = key.startsWith('params.') ? run.params[key.slice(7)] : undefined;
  if (typeof parameter === 'number') return formatExact(parameter);
  if (key === 'duration') {
    const seconds = runSeconds(run, now);
    return seconds === undefined ? missing : `${formatExact(seconds)} s`;
  }
  return runText(run, key, now);
}

/** "baseline, team: assay": a tag without a value is its key. */
export function tagText(tags: readonly Tag[]): string {
  return tags.map((tag) => (tag.value ? `${tag.key}: ${tag.value}` : tag.key)).join(', ');
}

/** What was typed is an expression (`metrics.auc > 0.9`) or words to look for in names. */
export function searchOf(text: string): { query?: string; search?: string } {
  if (!text) return {};
  return /[<>=]|\s(i?like|is)\s/i.test(text) ? { query: text } : { search: text };
}

/** The order as the server takes it: "metrics.auc desc, name asc"; keys with other characters quoted. */
export function orderOf(sorts: readonly { key: string; descending: boolean }[]): string {
  return sorts
    .map(({ key, descending }) => {
      const dot = key.indexOf('.');
      const column = dot < 0 || /^[\w.]+$/.test(key) ? key : `${key.slice(0, dot)}.\`${key.slice(dot + 1)}\``;
      return `${column} ${descending ? 'desc' : 'asc'}`;
    })
    .join(', ');
}

export interface MetricSection {
  name: string;
  keys: string[];
}

const systemKey = /^(memory_usage|gpu_usage|cpu_usage|training_time|system[./])/;

function sectionOf(key: string): string {
  const named = /^([^/]+)\//.exec(key);
  if (named?.[1]) return named[1];
  if (systemKey.test(key)) return 'System';
  if (key.startsWith('val_')) return 'Validation';
  if (key.startsWith('train_')) return 'Training';
  if (key.startsWith('test_')) return 'Test';
  return 'Metrics';
}

const sectionOrder = ['Metrics', 'Validation', 'Test', 'Training'];

/** Metric names by what stands before their first slash, or by the usual prefixes; the machine's own come last. */
export function sectionsOf(keys: readonly string[]): MetricSection[] {
  const sections = new Map<string, string[]>();
  for (const key of [...new Set(keys)].sort()) {
    const name = sectionOf(key);
    sections.set(name, [...(sections.get(name) ?? []), key]);
  }
  const rank = (name: string): number => {
    if (name === 'System') return 100;
    const at = sectionOrder.indexOf(name);
    return at < 0 ? 50 : at;
  };
  return [...sections].map(([name, list]) => ({ name, keys: list })).sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));
}
