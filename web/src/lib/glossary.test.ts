// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { glossary, termIn } from './glossary';

describe('the glossary', () => {
  it('finds the word a label is about', () => {
    expect(termIn('F1')).toBe('F1');
    expect(termIn('Input SHA-256')).toBe('SHA-256');
    expect(termIn('Latency p95, this hour')).toBe('p95');
    expect(termIn('F1, breast-cancer')).toBe('F1');
    expect(termIn('Registered')).toBeUndefined();
    expect(termIn('Not a Signature')).toBeUndefined();
  });

  it('explains in whole sentences', () => {
    for (const [term, text] of Object.entries(glossary)) expect(text, term).toMatch(/^[A-Z0-9][^]*\.$/);
  });
});
