// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Run } from '../api/types';
import { columnsOf, orderOf, runSeconds, runText, searchOf, sectionsOf, usualColumns } from './runs';

const run: Run = {
  run_id: 'r1',
  experiment_id: 0,
  experiment_name: 'Default',
  name: 'first',
  description: '',
  model_type: '',
  framework: '',
  algorithm: '',
  dataset_name: '',
  dataset_version: '',
  notes: '',
  created_by: 'os:anna@lab',
  updated_at: '2026-01-01T00:00:00Z',
  status: 'running',
  created_at: '2026-01-01T00:00:00Z',
  started_at: '2026-01-01T00:00:10Z',
  tags: [
    { key: 'a', value: '' },
    { key: 'team', value: 'assay' },
  ],
  params: { depth: 3, solver: 'lbfgs' },
  metrics: { val_accuracy: 0.98412, train_loss: 'NaN', memory_usage_mb: 12 },
};

describe('runs', () => {
  it('offers a column for each metric and parameter and picks the judging ones', () => {
    const all = columnsOf([run]);
    expect(all.map((column) => column.key)).toContain('params.solver');
    expect(all.find((column) => column.key === 'params.depth')?.numeric).toBe(true);
    expect(usualColumns(all)).toEqual(['status', 'created_at', 'duration', 'metrics.val_accuracy', 'params.depth', 'params.solver']);
  });

  it('falls back to any metric where none judges', () => {
    const all = columnsOf([{ ...run, metrics: { train_loss: 1 } }]);
    expect(usualColumns(all)).toContain('metrics.train_loss');
  });

  it('writes cells', () => {
    const now = Date.parse('2026-01-01T00:00:40Z');
    expect(runText(run, 'metrics.val_accuracy', now)).toBe('0.984');
    expect(runText(run, 'metrics.train_loss', now)).toBe('NaN');
    expect(runText(run, 'metrics.none', now)).toBe('–');
    expect(runText(run, 'tags', now)).toBe('a, team: assay');
    expect(runSeconds(run, now)).toBe(30);
    expect(runSeconds({ ...run, status: 'failed' }, now)).toBeUndefined();
  });

  it('tells an expression from words, and writes orders', () => {
    expect(searchOf('forest')).toEqual({ search: 'forest' });
    expect(searchOf('metrics.auc > 0.9')).toEqual({ query: 'metrics.auc > 0.9' });
    expect(searchOf("name LIKE 'svm%'")).toEqual({ query: "name LIKE 'svm%'" });
    expect(searchOf('this is it').query).toBe('this is it');
    expect(searchOf('')).toEqual({});
    expect(orderOf([{ key: 'metrics.roc/auc', descending: true }])).toBe('metrics.`roc/auc` desc');
    expect(orderOf([{ key: 'created_at', descending: false }, { key: 'name', descending: true }])).toBe('created_at asc, name desc');
  });

  it('groups metrics by prefix, the machine last', () => {
    expect(sectionsOf(['gpu_usage_percent', 'val_loss', 'custom', 'eval/auc', 'train_loss']).map((section) => section.name)).toEqual([
      'Metrics',
      'Validation',
      'Training',
      'eval',
      'System',
    ]);
  });
});
