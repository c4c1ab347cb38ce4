// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Deployment, DeploymentEvent } from '../api/types';
import { isAtGate, parseShares, rolloutSteps, shortMessage, situationOf, wordsFor } from './rollout';

function deployment(more: Partial<Deployment> = {}): Deployment {
  return {
    deployment_id: 'two',
    strategy: 'canary',
    status: 'deploying',
    phase: 'analysing',
    step: 0,
    paused: false,
    pause_reason: '',
    verdict: 'none',
    verdict_reason: '',
    health_check_passed: true,
    performance_validated: true,
    promoting: false,
    replicas_wanted: 2,
    step_until: '2026-01-01T00:05:00Z',
    phase_since: '2026-01-01T00:00:00Z',
    config: { canary_traffic_percentage: 10, canary_steps: [50], replicas: 2, monitoring_window_minutes: 15, auto_promote: false },
    ...more,
  } as unknown as Deployment;
}

let id = 0;
function event(kind: string, message: string, data: unknown = null): DeploymentEvent {
  id += 1;
  return { event_id: id, deployment_id: 'two', time: '2026-01-01T00:00:00Z', kind, message, data };
}
const states = (d: Deployment, events: DeploymentEvent[]): string => rolloutSteps(d, events).map((step) => `${step.name.replace('\u202f', '')} ${step.state}`).join(', ');
const first = event('traffic', '10 %', { weight: 10 });

describe('the steps of a roll-out', () => {
  it('shows where a canary is, and how long still', () => {
    expect(states(deployment(), [first])).toBe('Start done, Probe done, 10% current, 50% waiting, Promote waiting, Watch waiting');
    expect(rolloutSteps(deployment(), [first])[2]?.until).toBe('2026-01-01T00:05:00Z');
    expect(rolloutSteps(deployment({ paused: true }), [first])[2]?.until).toBeUndefined();
  });

  it('keeps each share’s verdict, whatever order the log comes in', () => {
    const events = [first, event('verdict', 'success: 0 of 60 requests failed: fine'), event('traffic', '50 %', { weight: 50 })];
    const steps = rolloutSteps(deployment({ step: 1 }), events.reverse());
    expect(steps[2]).toMatchObject({ state: 'done', verdict: 'success', said: '0 of 60 requests failed: fine' });
    expect(steps[3]).toMatchObject({ state: 'current' });
    expect(steps[3]?.verdict).toBeUndefined();
  });

  it('stands at the gate when every share was a success', () => {
    const at = deployment({ step: 1, verdict: 'success' });
    expect(isAtGate(at)).toBe(true);
    expect(states(at, [first, event('traffic', '50 %', { weight: 50 })])).toContain('50% done, Promote current');
    expect(situationOf(at)?.title).toBe('Ready to be promoted');
    expect(isAtGate(deployment({ step: 0, verdict: 'success' }))).toBe(false);
  });

  it('leaves out the shares a promotion jumped over', () => {
    const events = [first, event('promoted', 'by a person'), event('traffic', '100 %', { weight: 100 }), event('deployed', 'deployed')];
    expect(states(deployment({ status: 'deployed', phase: 'live', completed_at: '2026-01-01T00:01:00Z' }), events)).toBe('Start done, Probe done, 10% done, 50% skipped, Promote done, Watch done');
  });

  it('shows where it failed, and where somebody took it back', () => {
    const over = { status: 'rolled_back', phase: 'ended', completed_at: '2026-01-01T00:01:00Z' } as const;
    expect(states(deployment({ ...over, error_message: '9 of 20 failed' }), [first])).toContain('10% failed, 50% skipped');
    expect(states(deployment(over), [first])).toContain('10% back, 50% skipped');
    const never = deployment({ status: 'failed', phase: 'ended', error_message: 'too slow', performance_validated: false });
    expect(states(never, [])).toContain('Start done, Probe failed, 10% skipped');
    expect(situationOf(never)).toEqual({ tone: 'bad', title: 'The roll-out failed', text: 'too slow' });
  });

  it('knows the other strategies', () => {
    const rolling = deployment({ strategy: 'rolling', phase: 'starting', replicas_wanted: 1 });
    expect(rolloutSteps(rolling, []).map((step) => step.name)).toEqual(['Start', 'Probe', 'Roll', 'Watch']);
    expect(rolloutSteps(rolling, [])[2]).toMatchObject({ detail: '1 of 2 replicas', state: 'current' });
  });
});

describe('what may be said', () => {
  it('fits the state', () => {
    expect(wordsFor(deployment())).toEqual(['promote', 'pause', 'traffic', 'abort']);
    expect(wordsFor(deployment({ phase: 'starting', paused: true }))).toEqual(['resume', 'abort']);
    expect(wordsFor(deployment({ status: 'deployed', phase: 'live' }))).toEqual(['rollback', 'stop']);
    expect(wordsFor(deployment({ status: 'deployed', phase: 'superseded' }))).toEqual([]);
    expect(wordsFor(deployment({ status: 'rolling_back', phase: 'returning' }))).toEqual([]);
  });
});

describe('words', () => {
  it('reads shares', () => {
    expect(parseShares('10, 25 50%')).toEqual([10, 25, 50]);
    for (const wrong of ['', 'ten', '50, 10', '10, 10', '10, 100', '-1']) expect(parseShares(wrong)).toBeUndefined();
  });

  it('shortens ids and leaves the log file out', () => {
    expect(shortMessage('replica 01a20b62fa5e7001bd669a37e12c6699 started as process 7; its log is /tmp/x.log')).toBe('Replica e12c6699 started as process 7');
  });
});
