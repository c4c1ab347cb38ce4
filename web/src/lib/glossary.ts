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
  bounds: 'The true share lies between these two with 95 % certainty, also when one looks again and again and stops at will.',
  lift: 'How much more or less than control, as a share of control, with the interval that holds by the plan’s method.',
  'p-value': 'How surprising what was seen would be if there were no difference: below 0.05 is hard to explain by chance. Corrected for the number of metrics and variants.',
  'chance to beat control': 'The probability that the variant is better than control, as a Bayesian sees it. It is shown beside the verdict and does not decide: it is not safe when one looks again and again.',
  power: 'The chance of finding the smallest change of interest with the users so far, if it is there.',
  inflation: 'How many times the users of a test that is looked at once, at its end. It is the price of being allowed to stop early.',
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
