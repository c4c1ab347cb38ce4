// SPDX-License-Identifier: MIT
// Exponential moving average without the start-up bias: s(n) = w·s(n−1) + (1−w)·x(n), shown as s(n) / (1 − wⁿ).

/** `weight` in [0, 1); 0 gives the values back. Points that are no finite number stay as they are and count for nothing. */
export function smooth(values: readonly (number | null)[], weight: number): (number | null)[] {
  if (!(weight > 0)) return [...values];
  let state = 0;
  let bias = 1;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return value;
    state = weight * state + (1 - weight) * value;
    bias *= weight;
    return state / (1 - bias);
  });
}
