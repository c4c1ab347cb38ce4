// SPDX-License-Identifier: MIT
// Every page: its address, where it stands in the rail, and the chunk it comes in.
import type { Component } from 'svelte';
import type { Params } from '../lib/url';
import { matchPattern } from '../lib/url';
import type { IconName } from '../parts/icons';

export type PageComponent = Component<{ params: Params }>;

export interface PageRoute {
  pattern: string;
  area: string;
  load: () => Promise<{ default: PageComponent }>;
}

export interface Area {
  key: string;
  name: string;
  path: string;
  icon: IconName;
}

export const areas: Area[] = [
  { key: 'overview', name: 'Overview', path: '/', icon: 'overview' },
  { key: 'experiments', name: 'Experiments', path: '/experiments', icon: 'experiments' },
  { key: 'models', name: 'Models', path: '/models', icon: 'models' },
  { key: 'deployments', name: 'Deployments', path: '/deployments', icon: 'rocket' },
  { key: 'abtests', name: 'A/B tests', path: '/abtests', icon: 'split' },
  { key: 'data', name: 'Data', path: '/data', icon: 'data' },
  { key: 'monitoring', name: 'Monitoring', path: '/monitoring', icon: 'monitoring' },
  { key: 'audit', name: 'Audit', path: '/audit', icon: 'audit' },
];

type Load = PageRoute['load'];

/** A page that reads nothing from its address ignores the `params` it is given. */
function plain(load: () => Promise<{ default: Component<Record<string, never>> }>): Load {
  return load as unknown as Load;
}

export const routes: PageRoute[] = [
  { pattern: '/', area: 'overview', load: plain(() => import('../pages/Overview.svelte')) },
  { pattern: '/experiments', area: 'experiments', load: plain(() => import('../pages/Experiments.svelte')) },
  { pattern: '/experiments/:id', area: 'experiments', load: () => import('../pages/Runs.svelte') },
  { pattern: '/runs', area: 'experiments', load: () => import('../pages/Runs.svelte') },
  { pattern: '/runs/:id', area: 'experiments', load: () => import('../pages/Run.svelte') },
  { pattern: '/compare', area: 'experiments', load: plain(() => import('../pages/Compare.svelte')) },
  { pattern: '/models', area: 'models', load: plain(() => import('../pages/Models.svelte')) },
  { pattern: '/models/:id', area: 'models', load: () => import('../pages/Model.svelte') },
  { pattern: '/deployments', area: 'deployments', load: plain(() => import('../pages/Deployments.svelte')) },
  { pattern: '/deployments/:id', area: 'deployments', load: () => import('../pages/Deployment.svelte') },
  { pattern: '/abtests', area: 'abtests', load: plain(() => import('../pages/AbTests.svelte')) },
  { pattern: '/abtests/:id', area: 'abtests', load: () => import('../pages/AbTest.svelte') },
  { pattern: '/data', area: 'data', load: plain(() => import('../pages/Data.svelte')) },
  { pattern: '/data/schemas/:id', area: 'data', load: () => import('../pages/Schema.svelte') },
  { pattern: '/data/quality/:id', area: 'data', load: () => import('../pages/Quality.svelte') },
  { pattern: '/data/pipelines/:id', area: 'data', load: () => import('../pages/Pipeline.svelte') },
  { pattern: '/monitoring', area: 'monitoring', load: plain(() => import('../pages/Monitoring.svelte')) },
  { pattern: '/monitoring/:id', area: 'monitoring', load: () => import('../pages/Serving.svelte') },
  { pattern: '/audit', area: 'audit', load: plain(() => import('../pages/Audit.svelte')) },
];

export function findRoute(path: string): { route: PageRoute; params: Params } | undefined {
  for (const route of routes) {
    const params = matchPattern(route.pattern, path);
    if (params) return { route, params };
  }
  return undefined;
}
