// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { AbLook, AbMetric, AbReport, AbTest } from '../api/types';
import { checksOf, decisionOf, domainOf, exposureLines, intervalLines, relativeOf, rowsOf, sayBound, sayChance, sayP, testWords, toneOf } from './abtest';

const start = '2026-01-01T00:00:00Z';

function test(more: Partial<AbTest> = {}): AbTest {
  return {
    test_id: 't',
    status: 'running',
    status_reason: '',
    started_at: start,
    crossed_users: 0,
    plan: { guardrail_metrics: ['latency'], minimum_sample_size: 100, planned_duration_days: 14, minimum_detectable_effect: 0.1, variants: [{ name: 'control' }, { name: 'b' }] },
    ...more,
  } as unknown as AbTest;
}

function metric(more: Partial<AbMetric>): AbMetric {
  return { metric: 'conversion', role: 'primary', kind: 'proportion', direction: 'increase', variant: 'b', users: 10, ...more } as unknown as AbMetric;
}

function report(more: Partial<AbReport> = {}): AbReport {
  return {
    calculated_at: '2026-01-02T00:00:00Z',
    split: { mismatch: false, p_value: 0.4, users: [50, 60], expected: [55, 55] },
    guardrails: [{ metric: 'latency', variant: 'b', estimate: 12, limit: 1000, broken: false }],
    verdict: { decision: 'none', variant: '', reason: 'no difference is shown yet' },
    variants: [{ name: 'control', users: 50 }, { name: 'b', users: 60 }],
    metrics: [],
    ...more,
  } as unknown as AbReport;
}

describe('the decision', () => {
  it('follows the verdict', () => {
    expect(decisionOf(test(), report())).toMatchObject({ tone: 'info', title: 'Wait' });
    expect(decisionOf(test(), report({ verdict: { decision: 'better', variant: 'b', reason: 'b is better' } }))).toMatchObject({ tone: 'ok', title: 'Ship b' });
    expect(decisionOf(test(), report({ verdict: { decision: 'worse', variant: 'control', reason: '' } })).title).toBe('Keep control');
    expect(decisionOf(test(), report({ verdict: { decision: 'worse', variant: 'b', reason: '' } })).title).toBe('Drop b');
    expect(decisionOf(test(), report({ verdict: { decision: 'futile', variant: '', reason: '' } })).title).toBe('Nothing worth having');
    expect(decisionOf(test({ status: 'completed' }), report()).title).toBe('No clear result');
  });

  it('is none where the split is off, whatever the verdict', () => {
    const off = report({ split: { mismatch: true, p_value: 1e-9, fixed_p_value: 1e-9, users: [10, 90], expected: [50, 50] }, verdict: { decision: 'blocked', variant: '', reason: 'the split is off' } });
    expect(decisionOf(test(), off)).toEqual({ tone: 'bad', title: 'Do not decide', text: 'the split is off' });
    expect(checksOf(test(), off, Date.parse(start))[0]).toMatchObject({ key: 'split', tone: 'bad', said: 'off, p < 0.001' });
  });

  it('warns where a guardrail is broken', () => {
    const broken = report({ guardrails: [{ metric: 'latency', variant: 'b', estimate: 12, limit: 5, broken: true }], verdict: { decision: 'better', variant: 'b', reason: 'b is better' } });
    expect(decisionOf(test(), broken)).toMatchObject({ tone: 'warn', title: 'Ship b' });
    expect(decisionOf(test({ status: 'paused', status_reason: 'latency is 12' }), broken)).toEqual({ tone: 'bad', title: 'Paused by a guardrail', text: 'latency is 12' });
  });
});

describe('what must hold first', () => {
  it('has the split and the guardrails first', () => {
    const checks = checksOf(test({ crossed_users: 3 }), report(), Date.parse(start) + 86_400_000);
    expect(checks.map((check) => `${check.name}: ${check.said.replaceAll('\u202f', ' ')}`)).toEqual(['Split: as planned, p = 0.400', 'Guardrails: 1 of 1 hold', 'Users: 50 of 100', 'Time: 1 d of 14 d', 'Crossed: 3 users']);
    const empty = report({ split: { mismatch: false, p_value: 1, fixed_p_value: 1, users: [0, 0], expected: [0, 0] }, guardrails: [] });
    expect(checksOf(test(), empty, 0)[0]?.said).toBe('no users yet');
    expect(checksOf(test(), empty, 0)[1]?.said).toBe('no values yet');
  });
});

describe('intervals', () => {
  const relative = { effect: 0.2, low: 0.05, high: 0.4, bounded: true };

  it('colour by the good direction, only where no difference is ruled out', () => {
    const effect = relativeOf(metric({ relative })) ?? { effect: 0, low: 0, high: 0 };
    expect(toneOf(metric({ direction: 'increase' }), effect)).toBe('ok');
    expect(toneOf(metric({ direction: 'decrease' }), effect)).toBe('bad');
    expect(toneOf(metric({}), { effect: 0.1, low: -0.1, high: 0.3 })).toBe('plain');
    expect(relativeOf(metric({ relative: { ...relative, bounded: false } }))).toBeUndefined();
    expect(relativeOf(metric({ relative: { ...relative, high: 'Infinity' } }))).toBeUndefined();
  });

  it('share one axis around zero that one wild row cannot blow up', () => {
    expect(domainOf([metric({ relative })], 0.1)[1]).toBeCloseTo(0.42);
    const wild = metric({ relative: { effect: 0.1, low: -0.9, high: 40, bounded: true } });
    expect(domainOf([metric({ relative }), wild], 0.1)[1]).toBeCloseTo(0.6);
    expect(domainOf([], 0.1)[0]).toBeCloseTo(-0.1575);
  });

  it('stand beside their control', () => {
    const rows = rowsOf(report({ metrics: [metric({ variant: 'control' }), metric({}), metric({ role: 'found', metric: 'depth' })] }), 'primary');
    expect(rows.map((row) => [row.treatment.variant, row.control?.variant])).toEqual([['b', 'control']]);
  });

  it('over time leave out what says nothing, and end with what is known now', () => {
    const look = (minute: number, low: number, high: number): AbLook => ({ time: `2026-01-01T00:0${minute}:00Z`, users: minute, split_p_value: 1, points: [{ variant: 'b', effect: 0.1, low, high }], variant_users: [minute, minute + 1] });
    const looks = [look(1, -90, 90), look(2, -0.3, 0.5), look(3, 0, 0.2)];
    const lines = intervalLines(test(), looks, report({ metrics: [metric({ effect: 0.11, low: 0.02, high: 0.2 })] }));
    expect(lines.map((line) => line.id)).toEqual(['none', 'b', 'b high', 'b low']);
    expect(lines[1]?.ys).toEqual([null, 0.1, 0.1, 0.11]);
    expect(lines[2]).toMatchObject({ bandTo: 'b low', of: 'b' });
    const users = exposureLines(test(), looks, report());
    expect(users.map((line) => line.ys)).toEqual([[0, 1, 2, 3, 50], [0, 2, 3, 4, 60]]);
    expect(exposureLines(test({ status: 'completed' }), looks, report())[0]?.ys).toEqual([0, 1, 2, 3]);
  });
});

describe('words', () => {
  it('are short and never quite certain', () => {
    expect(sayP(0.0312)).toBe('p = 0.0312');
    expect(sayP(1e-7)).toBe('p < 0.001');
    expect(sayChance(1).replaceAll('\u202f', ' ')).toBe('> 99.9 %');
    expect(sayBound(38).replaceAll('\u202f', ' ')).toBe('> 1,000 %');
    expect(testWords('planning')).toEqual(['start', 'stop']);
    expect(testWords('paused')).toEqual(['resume', 'stop']);
    expect(testWords('completed')).toEqual([]);
  });
});
