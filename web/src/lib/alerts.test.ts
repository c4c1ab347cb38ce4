// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Alert } from '../api/types';
import { joinAlerts } from './alerts';

const alert = (id: string, over: boolean): Alert => ({ alert_id: id, is_resolved: over }) as Alert;

describe('alerts', () => {
  it('shows one that was resolved between the two answers once, as resolved', () => {
    const joined = joinAlerts([alert('a', false), alert('b', false)], [alert('b', true), alert('c', true)]);
    expect(joined.map((one) => [one.alert_id, one.is_resolved])).toEqual([
      ['a', false],
      ['b', true],
      ['c', true],
    ]);
  });
});
