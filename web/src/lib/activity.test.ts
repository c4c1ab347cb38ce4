// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { describeAction, pageOf, timelineItem } from './activity';

describe('activity', () => {
  it('says actions in words', () => {
    expect(describeAction('run.start')).toBe('Run started');
    expect(describeAction('model_version.promote')).toBe('Model version promoted');
    expect(describeAction('thing.unheard_of')).toBe('Thing unheard of');
    expect(describeAction('')).toBe('');
  });

  it('leads to the page of the object', () => {
    expect(pageOf('model_version', 'a b:1.0.0')).toBe('/models/a%20b');
    expect(pageOf('run', '')).toBeUndefined();
    expect(pageOf('nothing', 'x')).toBeUndefined();
    const item = timelineItem({ key: '1', time: '', action: 'run.delete', object_type: 'run', object_id: 'r' }, (path) => `/dashboard${path}`);
    expect(item).toMatchObject({ title: 'Run deleted · r', icon: 'trash', href: '/dashboard/runs/r' });
  });
});
