// SPDX-License-Identifier: MIT
// An A/B test as people decide by it: the verdict in words, what must hold before it is believed, intervals to scale.
import type { AbLook, AbMetric, AbReport, AbTest } from '../api/types';
import type { Line } from '../parts/plot';
import { formatCount, formatNumber, formatShare, formatSpan, missing, toNumber } from './format';

export const control = 'control';
const daySeconds = 86_400;
export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'quiet';

export interface Decision {
  tone: Tone;
  title: string;
  text: string;
}

const waiting: Record<string, [Tone, string]> = {
  planning: ['quiet', 'Not started'],
  running: ['info', 'Wait'],
  paused: ['warn', 'Paused'],
  completed: ['quiet', 'No clear result'],
  cancelled: ['quiet', 'Cancelled'],
};

/** What to do, in a word or two, and why. */
export function decisionOf(test: AbTest, report: AbReport): Decision {
  const { decision, variant, reason } = report.verdict;
  const broken = report.guardrails.filter((one) => one.broken);
  if (report.split.mismatch) return { tone: 'bad', title: 'Do not decide', text: reason };
  if (test.status === 'paused' && broken.length) return { tone: 'bad', title: 'Paused by a guardrail', text: test.status_reason };
  switch (decision) {
    case 'better':
      return { tone: broken.length ? 'warn' : 'ok', title: `Ship ${variant}`, text: broken.length ? `${reason}, but a guardrail is broken` : reason };
    case 'worse':
      return variant === control ? { tone: 'ok', title: 'Keep control', text: reason } : { tone: 'warn', title: `Drop ${variant}`, text: reason };
    case 'futile':
      return { tone: 'quiet', title: 'Nothing worth having', text: reason };
    default: {
      const [tone, title] = waiting[test.status] ?? ['quiet', 'Wait'];
      const text = test.status === 'planning' ? 'Nobody is assigned until it is started.' : test.status === 'paused' && test.status_reason ? `${test.status_reason}. ${reason}` : reason;
      return { tone, title, text };
    }
  }
}

export interface Check {
  key: string;
  name: string;
  tone: Tone;
  said: string;
  detail: string;
}

function splitCheck(report: AbReport): Check {
  const { split } = report;
  const total = split.users.reduce((sum, one) => sum + one, 0);
  const shares = report.variants.map((one, index) => `${one.name} ${formatCount(split.users[index])} of ${formatCount(split.expected[index])} expected`).join(', ');
  if (!total) return { key: 'split', name: 'Split', tone: 'quiet', said: 'no users yet', detail: '' };
  return split.mismatch
    ? { key: 'split', name: 'Split', tone: 'bad', said: `off, ${sayP(split.p_value)}`, detail: shares }
    : { key: 'split', name: 'Split', tone: 'ok', said: `as planned, ${sayP(split.p_value)}`, detail: shares };
}

function guardrailCheck(test: AbTest, report: AbReport): Check {
  const name = 'Guardrails';
  const broken = report.guardrails.filter((one) => one.broken);
  const planned = test.plan.guardrail_metrics.length;
  if (!planned) return { key: 'guardrails', name, tone: 'quiet', said: 'none planned', detail: '' };
  if (broken.length) return { key: 'guardrails', name, tone: 'bad', said: `${[...new Set(broken.map((one) => one.metric))].join(', ')} broken`, detail: broken.map((one) => `${one.variant}: ${formatNumber(one.estimate)}${one.limit == null ? ', worse than control' : `, limit ${formatNumber(one.limit)}`}`).join('; ') };
  if (!report.guardrails.length) return { key: 'guardrails', name, tone: 'quiet', said: 'no values yet', detail: '' };
  return { key: 'guardrails', name, tone: 'ok', said: `${planned} of ${planned} hold`, detail: test.plan.guardrail_metrics.join(', ') };
}

/** What must hold before a verdict is believed: the split and the guardrails first. */
export function checksOf(test: AbTest, report: AbReport, now: number): Check[] {
  const least = Math.min(...report.variants.map((one) => one.users));
  const wanted = Number(test.plan.minimum_sample_size);
  const start = test.started_at ? Date.parse(test.started_at) : undefined;
  const end = test.ended_at ? Date.parse(test.ended_at) : now;
  const seconds = start === undefined ? 0 : Math.max(0, end - start) / 1000;
  const planned = Number(test.plan.planned_duration_days);
  const checks: Check[] = [
    splitCheck(report),
    guardrailCheck(test, report),
    { key: 'users', name: 'Users', tone: least >= wanted ? 'ok' : 'info', said: least >= wanted ? `${formatCount(least)}, enough` : `${formatCount(least)} of ${formatCount(wanted)}`, detail: 'in the smallest variant, of the least that a verdict needs' },
    { key: 'time', name: 'Time', tone: planned && seconds >= planned * daySeconds ? 'ok' : 'info', said: start === undefined ? missing : `${formatSpan(Math.round(seconds))}${planned ? ` of ${formatSpan(planned * daySeconds)}` : ''}`, detail: 'since the start; the test ends by itself after the planned ones' },
  ];
  if (test.crossed_users) checks.push({ key: 'crossed', name: 'Crossed', tone: 'warn', said: `${formatCount(test.crossed_users)} users`, detail: 'were seen in two variants; they count in their first' });
  return checks;
}

/** "p = 0.031", "p < 0.001". */
export function sayP(value: unknown): string {
  const p = toNumber(value);
  if (p === undefined) return `p ${missing}`;
  return p < 0.001 ? 'p < 0.001' : `p = ${formatNumber(p)}`;
}

/** A probability as a share, never quite certain. */
export function sayChance(value: unknown): string {
  const chance = toNumber(value);
  if (chance === undefined) return missing;
  if (chance > 0.999) return `> ${formatShare(0.999)}`;
  return chance < 0.001 ? `< ${formatShare(0.001)}` : formatShare(chance);
}

export interface Effect {
  effect: number;
  low: number;
  high: number;
}

/** The effect as a share of control, where control allows one. */
export function relativeOf(metric: AbMetric): Effect | undefined {
  const { relative } = metric;
  if (!relative?.bounded) return undefined;
  const [effect, low, high] = [toNumber(relative.effect), toNumber(relative.low), toNumber(relative.high)];
  return effect === undefined || low === undefined || high === undefined || ![effect, low, high].every(Number.isFinite) ? undefined : { effect, low, high };
}

/** One axis for all rows: as wide as the widest, but not wider than `most` times the effect looked for. */
export function domainOf(metrics: readonly AbMetric[], detectable: number, most = 6): [number, number] {
  const reach = Math.max(...metrics.flatMap((one) => {
    const found = relativeOf(one);
    return found ? [Math.abs(found.low), Math.abs(found.high)] : [];
  }), detectable * 1.5);
  const limit = Math.max(detectable * most, ...metrics.map((one) => Math.abs(relativeOf(one)?.effect ?? 0) * 1.5));
  const end = Math.min(reach * 1.05, limit);
  return [-end, end];
}

/** Good, bad or open: the whole interval on one side of "no difference". */
export function toneOf(metric: AbMetric, effect: Effect): 'ok' | 'bad' | 'plain' {
  const up = metric.direction === 'increase';
  if (effect.low > 0) return up ? 'ok' : 'bad';
  if (effect.high < 0) return up ? 'bad' : 'ok';
  return 'plain';
}

/** "+4.2 %", "−0.8 %". */
export function sayLift(value: number): string {
  return `${value > 0 ? '+' : ''}${formatShare(value)}`;
}

/** An end of an interval; where the data bounds it hardly at all, only that. */
export function sayBound(value: number): string {
  return value > 10 ? `> ${formatCount(1000)}\u202f%` : formatShare(value);
}

/** An estimate as its kind is read. */
export function sayEstimate(metric: AbMetric): string {
  return metric.kind === 'proportion' || metric.measure === 'error_rate' || metric.measure === 'success' || metric.measure === 'conversion' ? formatShare(metric.estimate) : formatNumber(metric.estimate);
}

export type Role = AbMetric['role'];

export interface MetricRow {
  control?: AbMetric;
  treatment: AbMetric;
}

/** The rows of a role: each metric and treatment beside its control. */
export function rowsOf(report: AbReport, role: Role): MetricRow[] {
  const of = report.metrics.filter((one) => one.role === role);
  return of.filter((one) => one.variant !== control).map((treatment) => ({ treatment, control: of.find((one) => one.variant === control && one.metric === treatment.metric) }));
}

const hues = [0, 1, 2, 4, 6, 9, 3, 5, 7];
/** The hue of a variant, by its place in the plan; control is grey. */
export function variantHue(test: AbTest, name: string): number {
  if (name === control) return 8;
  const others = test.plan.variants.filter((one) => one.name !== control);
  return hues[others.findIndex((one) => one.name === name) % hues.length] ?? 0;
}

const seconds = (time: string): number => Date.parse(time) / 1000;

const widestShown = 6;

function widthOf(point: AbLook['points'][number] | undefined): number | undefined {
  const [low, high] = [toNumber(point?.low), toNumber(point?.high)];
  return low === undefined || high === undefined ? undefined : high - low;
}

/** The looks, and what the report says now (of a test that is over: at its end). */
function withNow(test: AbTest, looks: readonly AbLook[], report: AbReport | undefined): readonly AbLook[] {
  const time = report && (test.ended_at ?? report.calculated_at);
  const last = looks.at(-1);
  if (!last || !time || Date.parse(time) <= Date.parse(last.time)) return looks;
  const points = report.metrics.filter((one) => one.role === 'primary' && one.variant !== control);
  return [...looks, { ...last, time, points }];
}

/** The interval of the primary metric at every look, with the line of no difference. */
export function intervalLines(test: AbTest, taken: readonly AbLook[], report?: AbReport): Line[] {
  const looks = withNow(test, taken, report);
  const lines: Line[] = [];
  const names = [...new Set(looks.flatMap((look) => look.points.map((point) => point.variant)))];
  const xs = looks.map((look) => seconds(look.time));
  if (xs.length) lines.push({ id: 'none', label: 'no difference', hue: 8, dash: 1, xs, ys: xs.map(() => 0) });
  for (const name of names) {
    const points = looks.map((look) => look.points.find((point) => point.variant === name));
    const hue = variantHue(test, name);
    const last = points.map((point) => widthOf(point)).filter((width) => width !== undefined).at(-1);
    // The first looks say next to nothing; drawn, they would flatten all that follows.
    const drawn = points.map((point) => ((widthOf(point) ?? 0) <= (last ?? 0) * widestShown ? point : undefined));
    lines.push({ id: name, label: name, hue, xs, ys: drawn.map((point) => point?.effect ?? null) });
    lines.push({ id: `${name} high`, label: `${name}, high`, hue, dash: 2, xs, of: name, ys: drawn.map((point) => point?.high ?? null), ...(names.length === 1 ? { bandTo: `${name} low` } : {}) });
    lines.push({ id: `${name} low`, label: `${name}, low`, hue, dash: 2, xs, of: name, ys: drawn.map((point) => point?.low ?? null) });
  }
  return lines;
}

/** Users of each variant over time, from the start until now. */
export function exposureLines(test: AbTest, looks: readonly AbLook[], report: AbReport | undefined): Line[] {
  const known = looks.filter((look) => look.variant_users.length === test.plan.variants.length);
  return test.plan.variants.map((variant, index): Line => {
    const xs = known.map((look) => seconds(look.time));
    const ys: number[] = known.map((look) => look.variant_users[index] ?? 0);
    if (test.started_at && (!xs.length || seconds(test.started_at) < (xs[0] ?? 0))) {
      xs.unshift(seconds(test.started_at));
      ys.unshift(0);
    }
    const at = report && seconds(report.calculated_at);
    if (at && at > (xs.at(-1) ?? 0) && /running|paused/.test(test.status)) {
      xs.push(at);
      ys.push(report.variants[index]?.users ?? ys.at(-1) ?? 0);
    }
    return { id: variant.name, label: variant.name, hue: variantHue(test, variant.name), xs, ys };
  });
}

export const methods: Record<string, { name: string; about: string }> = {
  always_valid: { name: 'Always valid', about: 'Holds at every look: one may stop whenever a difference is shown.' },
  msprt: { name: 'Mixture test', about: 'Holds at every look: one may stop whenever a difference is shown.' },
  group_sequential: { name: 'Group sequential', about: 'Judged at the planned looks only, with bounds that spend the error.' },
  fixed: { name: 'Fixed horizon', about: 'Says nothing before the planned end; looking earlier is not allowed to decide.' },
};

export type TestWord = 'start' | 'pause' | 'resume' | 'stop';

export function testWords(status: string): TestWord[] {
  if (status === 'planning') return ['start', 'stop'];
  if (status === 'running') return ['pause', 'stop'];
  return status === 'paused' ? ['resume', 'stop'] : [];
}
