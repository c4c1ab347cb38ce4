// SPDX-License-Identifier: MIT
// Audit entries and activity in words, with the page they lead to.
import type { TimelineItem } from '../parts/Timeline.svelte';
import type { IconName } from '../parts/icons';
import { shortId } from './format';

export interface Happening {
  key: string;
  time: string;
  action: string;
  object_type: string;
  object_id: string;
  actor?: string;
  reason?: string;
}

const pastTense: Record<string, string> = {
  start: 'started',
  create: 'created',
  complete: 'completed',
  finish: 'finished',
  update: 'changed',
  delete: 'deleted',
  restore: 'restored',
  register: 'registered',
  promote: 'promoted',
  rollback: 'rolled back',
  cancel: 'cancelled',
  acknowledge: 'acknowledged',
  resolve: 'resolved',
  raise: 'raised',
  claim: 'claimed',
  fail: 'failed',
  retry: 'tried again',
  move: 'moved',
  append: 'appended',
  put: 'stored',
  upload: 'uploaded',
  revoke: 'revoked',
  commit: 'committed',
  record: 'recorded',
  enqueue: 'queued',
  request: 'requested',
  end: 'ended',
  expire: 'expired',
  purge: 'removed for good',
  performance: 'measured',
  remove: 'removed',
  pause: 'paused',
  resume: 'resumed',
  abort: 'aborted',
  stop: 'stopped',
  roll_back: 'rolled back',
  set_traffic: 'given another share',
};

/** "run.start" becomes "Run started". */
export function describeAction(action: string): string {
  const [object = '', verb = ''] = action.split('.', 2);
  const what = object === 'abtest' ? 'A/B test' : object.replaceAll('_', ' ');
  const done = pastTense[verb] ?? verb.replaceAll('_', ' ');
  const text = `${what} ${done}`.trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const pages: Record<string, (id: string) => string> = {
  run: (id) => `/runs/${id}`,
  experiment: (id) => `/experiments/${id}`,
  model: (id) => `/models/${encodeURIComponent(id.split(':')[0] ?? id)}`,
  model_version: (id) => `/models/${encodeURIComponent(id.split(':')[0] ?? id)}`,
  deployment: (id) => `/deployments/${encodeURIComponent(id)}`,
  abtest: (id) => `/abtests/${encodeURIComponent(id)}`,
  pipeline_run: (id) => `/data/pipelines/${id}`,
  schema: (id) => `/data/schemas/${id}`,
  data_schema: (id) => `/data/schemas/${id}`,
  quality_report: (id) => `/data/quality/${id}`,
  alert: () => '/monitoring',
  threshold: () => '/monitoring',
};

/** The page of an object, where it has one. */
export function pageOf(type: string, id: string): string | undefined {
  return id ? pages[type]?.(id) : undefined;
}

function iconOf(happening: Happening): IconName {
  if (/delete|trash/.test(happening.action)) return 'trash';
  if (/rollback|roll_back|abort|restore/.test(happening.action)) return 'undo';
  if (/promote/.test(happening.action)) return 'rocket';
  if (/deployment/.test(happening.object_type)) return 'rocket';
  if (/abtest/.test(happening.object_type)) return 'split';
  if (/alert|threshold/.test(happening.object_type)) return 'bell';
  if (/model/.test(happening.object_type)) return 'models';
  if (/artifact|blob|upload/.test(happening.object_type)) return 'file';
  if (/pipeline|schema|feature|quality|dataset/.test(happening.object_type)) return 'data';
  if (/token|key|user/.test(happening.object_type)) return 'key';
  return 'experiments';
}

export function timelineItem(happening: Happening, href: (path: string) => string): TimelineItem {
  const page = pageOf(happening.object_type, happening.object_id);
  return {
    key: happening.key,
    time: happening.time,
    title: `${describeAction(happening.action)}${happening.object_id ? ` · ${shortId(happening.object_id)}` : ''}`,
    by: happening.actor,
    reason: happening.reason,
    icon: iconOf(happening),
    href: (page && href(page)) || undefined,
  };
}
