// SPDX-License-Identifier: MIT
// A roll-out as people follow it: its steps, how far it is, what may be said to it. The server decides; this tells.
import type { Deployment, DeploymentEvent } from '../api/types';
import type { IconName } from '../parts/icons';
import { formatNumber, plural } from './format';

/** back: somebody took it back here; skipped: never came to pass. */
export type StepState = 'done' | 'current' | 'waiting' | 'failed' | 'back' | 'skipped';

export interface RolloutStep {
  key: string;
  name: string;
  detail: string;
  state: StepState;
  /** What live traffic said at this step. */
  verdict?: string;
  said?: string;
  /** When it ends, for what is under way. */
  since?: string | null;
  until?: string | null;
}

export const strategies: readonly { key: string; name: string; about: string }[] = [
  { key: 'canary', name: 'Canary', about: 'A small share first; more after each verdict of live traffic.' },
  { key: 'rolling', name: 'Rolling', about: 'One replica of the new for one of the old.' },
  { key: 'blue_green', name: 'Blue-green', about: 'All at once; the old replicas stay warm while it is watched.' },
  { key: 'immediate', name: 'Immediate', about: 'All at once; the old replicas end.' },
];
export const environments = ['production', 'staging', 'canary', 'development'] as const;

export function strategyName(key: string): string {
  return strategies.find((entry) => entry.key === key)?.name ?? key;
}

/** "10" of 10 %, "33.3" of a third. */
export function percent(value: unknown): string {
  return `${formatNumber(value)}\u202f%`;
}

const over = /^(failed|rolling_back|rolled_back)$/;

export function isUnderWay(d: Pick<Deployment, 'status'>): boolean {
  return /^(pending|deploying|rolling_back)$/.test(d.status);
}

/** The shares of the way, the whole last. */
export function sharesOf(d: Deployment): number[] {
  return d.strategy === 'canary' ? [Number(d.config.canary_traffic_percentage), ...d.config.canary_steps.map(Number), 100] : [100];
}

interface Seen {
  verdict?: string;
  said?: string;
}

/** Which shares the log says were given, and what was said of each. */
function follow(shares: readonly number[], events: readonly DeploymentEvent[]): { given: Map<number, Seen>; deployed: boolean } {
  const given = new Map<number, Seen>();
  let at = -1;
  let deployed = false;
  for (const event of [...events].sort((a, b) => a.event_id - b.event_id)) {
    const weight = (event.data as { weight?: unknown } | null)?.weight;
    if (event.kind === 'traffic' && typeof weight === 'number' && !deployed) {
      at = shares.findIndex((share, index) => Math.abs(share - weight) < 1e-6 && index >= at);
      if (at >= 0 && !given.has(at)) given.set(at, {});
    } else if (event.kind === 'verdict' && at >= 0 && !deployed) {
      const [verdict = '', ...said] = event.message.split(': ');
      given.set(at, { verdict: verdict.split(',')[0], said: said.join(': ') });
    } else if (event.kind === 'deployed') deployed = true;
  }
  return { given, deployed };
}

function shareName(d: Deployment, share: number, last: boolean): string {
  if (!last) return percent(share);
  return { canary: 'Promote', rolling: 'Roll', blue_green: 'Switch', immediate: 'Switch' }[d.strategy];
}

function shareDetail(d: Deployment, last: boolean): string {
  if (!last) return 'judged by live traffic';
  if (d.strategy === 'rolling') return `${d.replicas_wanted} of ${plural(Number(d.config.replicas), 'replica')}`;
  if (d.strategy === 'canary') return d.config.auto_promote ? 'by the last verdict' : 'by a person';
  return 'the whole of the traffic';
}

/** Every share was judged a success; a person has the last word. */
export function isAtGate(d: Pick<Deployment, 'phase' | 'verdict' | 'step' | 'config'>): boolean {
  return d.phase === 'analysing' && d.verdict === 'success' && !d.config.auto_promote && Number(d.step) >= d.config.canary_steps.length;
}

/** Where in [start, probe, shares…, watch] it is, or was when it was taken back. */
function reached(d: Deployment, shares: number, deployed: boolean): number {
  const watch = 2 + shares;
  if (deployed || d.completed_at || d.status === 'deployed') return watch;
  if (!d.performance_validated) return d.health_check_passed ? 1 : 0;
  return 2 + (d.promoting || isAtGate(d) || d.strategy !== 'canary' ? shares - 1 : Math.min(Number(d.step), shares - 1));
}

function stateOf(index: number, at: number, d: Deployment, wasGiven: boolean): StepState {
  const finished = d.status === 'deployed' && d.phase !== 'watching';
  if (index < at || finished) return wasGiven ? 'done' : 'skipped';
  if (index > at) return over.test(d.status) ? 'skipped' : 'waiting';
  if (over.test(d.status)) return d.error_message ? 'failed' : 'back';
  return d.status === 'pending' ? 'waiting' : 'current';
}

/** The way of a deployment, with what is known of each step. */
export function rolloutSteps(d: Deployment, events: readonly DeploymentEvent[]): RolloutStep[] {
  const shares = sharesOf(d);
  const { given, deployed } = follow(shares, events);
  const at = over.test(d.status) && !deployed ? reached({ ...d, completed_at: null }, shares.length, false) : reached(d, shares.length, deployed);
  const steps: Omit<RolloutStep, 'state'>[] = [
    { key: 'start', name: 'Start', detail: `${plural(Number(d.config.replicas), 'replica')}, health checks` },
    { key: 'probe', name: 'Probe', detail: 'requests of our own' },
    ...shares.map((share, index) => {
      const last = index === shares.length - 1;
      return { key: `share-${index}`, name: shareName(d, share, last), detail: shareDetail(d, last), ...given.get(index) };
    }),
    { key: 'watch', name: 'Watch', detail: `for ${formatNumber(d.config.monitoring_window_minutes)}\u202fmin` },
  ];
  return steps.map((step, index) => {
    const share = index - 2;
    const isShare = share >= 0 && share < shares.length;
    // A log that was cut short says nothing of the first shares: they were given all the same.
    const wasGiven = !isShare || given.has(share) || (share === shares.length - 1 && d.status === 'deployed');
    const state = stateOf(index, at, d, wasGiven);
    const timed = state === 'current' && !d.paused;
    const until = !timed ? undefined : d.phase === 'analysing' && d.verdict !== 'success' ? d.step_until : d.phase === 'watching' ? d.watch_until : undefined;
    return { ...step, state, since: timed ? d.phase_since : undefined, until };
  });
}

export type Word = 'promote' | 'pause' | 'resume' | 'abort' | 'rollback' | 'stop' | 'traffic';

const tended = /^(watching|live|switching|analysing|starting|validating|pending)$/;

/** What may be said to it now, the most wanted first. */
export function wordsFor(d: Deployment): Word[] {
  const words: Word[] = [];
  const rolling = d.status === 'pending' || d.status === 'deploying';
  if (d.phase === 'analysing') words.push('promote');
  if (rolling) words.push(d.paused ? 'resume' : 'pause');
  if (d.phase === 'analysing') words.push('traffic');
  if (rolling) words.push('abort');
  if (d.status === 'deployed' && tended.test(d.phase)) words.push('rollback', 'stop');
  return words;
}

export interface Situation {
  tone: 'info' | 'ok' | 'warn' | 'bad' | 'quiet';
  title: string;
  text: string;
}

/** What the reader should know first. Nothing where all goes its way. */
export function situationOf(d: Deployment): Situation | undefined {
  if (d.status === 'failed') return { tone: 'bad', title: 'The roll-out failed', text: d.error_message ?? '' };
  if (d.status === 'rolling_back') return { tone: 'warn', title: 'Its traffic goes back', text: d.error_message ?? 'The former deployment takes over; then the replicas of this one end.' };
  if (d.status === 'rolled_back') return { tone: d.error_message ? 'bad' : 'quiet', title: d.error_message ? 'Rolled back by itself' : 'Rolled back', text: d.error_message ?? '' };
  if (d.paused) return { tone: 'warn', title: 'Paused, it waits for a person', text: d.pause_reason };
  if (isAtGate(d)) return { tone: 'ok', title: 'Ready to be promoted', text: 'Live traffic found errors and latency bearable at every share.' };
  if (d.phase === 'watching' && d.verdict === 'failure') return { tone: 'bad', title: 'Live traffic says it fails', text: d.verdict_reason };
  if (d.phase === 'superseded') return { tone: 'quiet', title: 'Superseded', text: 'A later deployment answers in its place.' };
  if (d.phase === 'stopped') return { tone: 'quiet', title: 'Stopped', text: 'Nothing of it runs.' };
  return undefined;
}

const phaseNames: Record<string, string> = {
  pending: 'Waits for its turn',
  starting: 'Replicas start',
  validating: 'Probe requests measure it',
  switching: 'Traffic is being moved',
  analysing: 'Live traffic judges it',
  watching: 'Deployed and watched',
  live: 'Deployed',
  restoring: 'Replicas start again',
  returning: 'Traffic goes back',
  draining: 'Answers what it has, then ends',
  superseded: 'Another took over',
  stopped: 'Stopped by a person',
  ended: 'Ended',
};

export function phaseText(phase: string): string {
  return phaseNames[phase] ?? phase;
}

export function eventIcon(kind: string): IconName {
  if (/rolling_back|rolled_back|abort|kept/.test(kind)) return 'undo';
  if (/fail|ended/.test(kind)) return 'alert';
  if (/promoted|deployed|live|created/.test(kind)) return 'rocket';
  if (/traffic|rolling|switch/.test(kind)) return 'compare';
  if (/verdict|gate|validated|analysing/.test(kind)) return 'chart';
  if (/pause|stop/.test(kind)) return 'stop';
  if (/resumed|starting|replica/.test(kind)) return 'play';
  return 'check';
}

export function eventTone(event: DeploymentEvent): 'ok' | 'warn' | 'bad' | undefined {
  if (/^failed|^rolling_back/.test(event.kind) || event.message.startsWith('failure')) return 'bad';
  if (/paused|kept/.test(event.kind) || event.message.startsWith('inconclusive')) return 'warn';
  if (/^deployed|^live|^healthy|^validated/.test(event.kind) || event.message.startsWith('success')) return 'ok';
  return undefined;
}

/** A line of the log as one reads it: ids cut to eight characters, where the log file lies left to the hover. */
export function shortMessage(message: string): string {
  const text = message.replace(/\b[0-9a-f]{24}([0-9a-f]{8})\b/g, '$1').replace(/; its log is \S+$/, '');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "10, 25, 50" as shares; undefined where it is none: each above the one before and below 100. */
export function parseShares(text: string): number[] | undefined {
  const parts = text.split(/[\s,;%]+/).filter(Boolean).map(Number);
  const fine = parts.length > 0 && parts.every((part, index) => Number.isFinite(part) && part >= 0 && part < 100 && (index === 0 || part > (parts[index - 1] ?? 0)));
  return fine ? parts : undefined;
}
