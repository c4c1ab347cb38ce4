// SPDX-License-Identifier: MIT
// The lines that make a run's environment and start the run again.
import type { Document, Run } from '../api/types';

/** A JSON value as Python writes it. */
export function pythonLiteral(value: unknown, indent = ''): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  const tagged = (value as { $number?: unknown }).$number;
  if (typeof tagged === 'string') return `float("${tagged}")`;
  const inner = `${indent}    `;
  if (Array.isArray(value)) return `[${value.map((entry) => pythonLiteral(entry, inner)).join(', ')}]`;
  const entries = Object.entries(value as Document).map(([key, entry]) => `${JSON.stringify(key)}: ${pythonLiteral(entry, inner)}`);
  return entries.length ? `{\n${entries.map((entry) => `${inner}${entry},\n`).join('')}${indent}}` : '{}';
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function quoted(text: string): string {
  return /^[\w.=<>!~,[\]+-]+$/.test(text) && !/[<>!~[\]]/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export interface Environment {
  python?: string;
  requirements: string[];
  gpu?: boolean;
}

/** What the run said of where it ran. */
export function environmentOf(config: Document): Environment {
  return {
    python: typeof config.python_version === 'string' && config.python_version ? config.python_version : undefined,
    requirements: texts(config.requirements),
    gpu: typeof config.gpu_enabled === 'boolean' ? config.gpu_enabled : undefined,
  };
}

export const environmentKeys: readonly string[] = ['python_version', 'requirements', 'gpu_enabled'];

/** Shell lines for a virtual environment like the run's. */
export function environmentLines({ python, requirements }: Environment): string {
  const program = python ? `python${python.split('.').slice(0, 2).join('.')}` : 'python3';
  const packages = requirements.length ? requirements.map(quoted).join(' \\\n  ') : 'mlops';
  return `${program} -m venv env\nenv/bin/python -m pip install ${requirements.length ? '\\\n  ' : ''}${packages}`;
}

/** Python lines that start the run again, as a child of it; %URL% stands for the server. */
export function startAgain(run: Run): string {
  const given: [string, unknown][] = [
    ['name', `${run.name} again`],
    ['parent_experiment_id', run.run_id],
    ['model_type', run.model_type],
    ['framework', run.framework],
    ['algorithm', run.algorithm],
    ['dataset_name', run.dataset_name],
    ['dataset_version', run.dataset_version],
    ...Object.entries(run.config ?? {}).filter(([key]) => ['train_split', 'validation_split', 'test_split', 'training_config', ...environmentKeys].includes(key)),
    ['hyperparameters', run.params],
  ];
  const empty = (value: unknown): boolean => value === '' || value === null || value === undefined || (typeof value === 'object' && !Object.keys(value).length);
  const lines = given.filter(([, value]) => !empty(value)).map(([key, value]) => `    ${key}=${pythonLiteral(value, '    ')},\n`);
  return `from mlops.sync import ExperimentTracker\nfrom mlops import ExperimentConfig\n\ntracker = ExperimentTracker("runs", "%URL%")\nrun = tracker.start_experiment(ExperimentConfig(\n${lines.join('')}))`;
}
