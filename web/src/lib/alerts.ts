// SPDX-License-Identifier: MIT
import type { Alert } from '../api/types';

/**
 * Open alerts, then those that are over. The two come in answers of their own: one resolved between them is in both,
 * and then it is over.
 */
export function joinAlerts(open: readonly Alert[], over: readonly Alert[]): Alert[] {
  const ended = new Set(over.map((alert) => alert.alert_id));
  return [...open.filter((alert) => !ended.has(alert.alert_id)), ...over];
}
