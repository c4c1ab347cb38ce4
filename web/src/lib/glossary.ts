// SPDX-License-Identifier: MIT
// Words of the trade that the page uses, each in a sentence that needs no other of them.

export const glossary: Record<string, string> = {
  p50: 'Half of the requests were answered faster than this.',
  p95: '95 of 100 requests were answered faster than this; 5 took longer.',
  p99: '99 of 100 requests were answered faster than this; one took longer.',
  F1: 'One number for precision and recall together (their harmonic mean); 1 is best.',
  Precision: 'Of those the model called positive, the share that really were.',
  Recall: 'Of those that really were positive, the share the model found.',
  Reported: 'Predictions that somebody reported of this version; Monitoring counts those that were really served.',
  Accuracy: 'The share of all samples the model got right.',
  'SHA-256': 'A fingerprint of a file: equal files have equal fingerprints, and any change shows.',
  'Leaf hash': 'The fingerprint of this audit entry. Later entries build on it, so that nobody can change the entry unnoticed.',
  servable: 'A version a model server can run. It needs a form in ONNX, made from the Python object when it is registered.',
  Signature: 'What goes into the model and what comes out: names, types and shapes. −1 stands for any number of rows.',
  'Memory per process': 'Memory of a process, the mean of those that serve the model or report on it.',
  'CPU per process': 'CPU time of a process, the mean of those that serve the model or report on it. 100 % is one core at work.',
  'Data hash': 'A fingerprint of the training data: two versions with the same one saw the same data.',
};

/** The entry for a label: its own, or that of a word in it ("Input SHA-256"). */
export function termIn(label: string): string | undefined {
  if (label in glossary) return label;
  return Object.keys(glossary).find((term) => /[\d-]/.test(term) && label.split(/[\s,]+/).includes(term));
}
