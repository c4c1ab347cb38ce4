// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Run } from '../api/types';
import { environmentLines, environmentOf, pythonLiteral, startAgain } from './reproduce';

describe('a run started again', () => {
  it('writes values as Python does', () => {
    expect(pythonLiteral({ on: true, off: null, lr: 1e-3, name: 'a "b"', layers: [8, 4], worst: { $number: 'NaN' } })).toBe(
      '{\n    "on": True,\n    "off": None,\n    "lr": 0.001,\n    "name": "a \\"b\\"",\n    "layers": [8, 4],\n    "worst": float("NaN"),\n}',
    );
    expect(pythonLiteral({})).toBe('{}');
  });

  it('makes the environment, quoting what a shell would read', () => {
    const environment = environmentOf({ python_version: '3.12.4', requirements: ['numpy==1.26.4', 'scipy>=1.10', 7], gpu_enabled: false });
    expect(environment).toEqual({ python: '3.12.4', requirements: ['numpy==1.26.4', 'scipy>=1.10'], gpu: false });
    expect(environmentLines(environment)).toBe("python3.12 -m venv env\nenv/bin/python -m pip install \\\n  numpy==1.26.4 \\\n  'scipy>=1.10'");
    expect(environmentLines(environmentOf({}))).toBe('python3 -m venv env\nenv/bin/python -m pip install mlops');
  });

  it('starts as a child, with what is known and nothing else', () => {
    const run = { run_id: 'r1', name: 'forest', model_type: '', framework: 'sklearn', params: { depth: 3 }, config: { train_split: 0.8, own: 1, requirements: [] } } as unknown as Run;
    const text = startAgain(run);
    expect(text).toContain('    name="forest again",\n    parent_experiment_id="r1",\n    framework="sklearn",\n    train_split=0.8,\n    hyperparameters={\n        "depth": 3,\n    },\n))');
    expect(text).not.toMatch(/model_type|own|requirements/);
  });
});
