// SPDX-License-Identifier: MIT
// The stages of a model version and what a reader may do next. The server decides; this only offers.

export const stages = ['training', 'validating', 'staging', 'production', 'archived', 'failed'] as const;

const next: Record<string, readonly string[]> = {
  training: ['validating', 'failed'],
  validating: ['staging', 'failed'],
  staging: ['production', 'archived'],
  production: ['staging', 'archived'],
  archived: ['staging'],
  failed: ['archived'],
};

export function offeredStages(status: string): readonly string[] {
  return next[status] ?? [];
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
