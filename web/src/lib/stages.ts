// SPDX-License-Identifier: MIT
// The stages of a model version and what a reader may do next. The server decides; this only offers.

export const stages = ['training', 'validating', 'staging', 'production', 'archived', 'failed'] as const;

const next: Record<string, readonly string[]> = {
  training: ['validating', 'staging', 'archived', 'failed'],
  validating: ['staging', 'training', 'archived', 'failed'],
  staging: ['production', 'validating', 'archived', 'failed'],
  production: ['staging', 'archived'],
  archived: ['staging'],
  failed: ['training', 'archived'],
};

export function offeredStages(status: string): readonly string[] {
  return next[status] ?? [];
}

/** "1.2.0 went to production", "1.1.0 made room and went to staging". */
export function describeTransition(entry: { version: string; cause: string; to_status: string }): string {
  switch (entry.cause) {
    case 'registered':
      return `${entry.version} was registered as ${entry.to_status}`;
    case 'step_back':
      return `${entry.version} made room and went to ${entry.to_status}`;
    case 'rollback':
      return `${entry.version} was brought back to ${entry.to_status}`;
    case 'deleted':
      return `${entry.version} was deleted`;
    default:
      return `${entry.version} went to ${entry.to_status}`;
  }
}

/** What moving a version does, in words. */
export function explainMove(version: string, from: string, to: string, current?: string): string {
  if (to === 'production') {
    return current && current !== version
      ? `Version ${version} answers all requests from now on. Version ${current}, in production until now, goes back to staging in the same step.`
      : `Version ${version} answers all requests from now on.`;
  }
  if (from === 'production') return `No version is in production after this: model servers stop answering for this model.`;
  if (to === 'archived') return `Version ${version} is put away. Its files stay and it can come back to staging.`;
  return `Version ${version} goes from ${from} to ${to}.`;
}
