/**
 * Student's t distribution for whole degrees of freedom, by the finite series of Abramowitz and Stegun (1964),
 * 26.7.3 and 26.7.4: what a mean of a few seeds is worth.
 */
import assert from 'node:assert/strict';

/** P(|T| < t) for `freedom` degrees of freedom, from 1 on. @param t from 0 on */
export function studentWithin(t: number, freedom: number): number {
  assert(Number.isInteger(freedom) && freedom >= 1 && t >= 0);
  const theta = Math.atan(t / Math.sqrt(freedom));
  const [sine, cosine] = [Math.sin(theta), Math.cos(theta)];
  const isOdd = freedom % 2 === 1;
  if (freedom === 1) return (2 * theta) / Math.PI;
  let term = isOdd ? cosine : 1;
  let sum = term;
  for (let power = isOdd ? 3 : 2; power <= freedom - 2; power += 2) {
    term *= ((power - 1) / power) * cosine ** 2;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (theta + sine * sum) : sine * sum;
}

/** The t within which a share of the distribution lies. @param share above 0, below 1 */
export function studentQuantile(share: number, freedom: number): number {
  assert(share > 0 && share < 1);
  let [low, high] = [0, 1];
  while (studentWithin(high, freedom) < share) high *= 2;
  for (let halving = 0; halving < 80; halving++) {
    const middle = (low + high) / 2;
    if (studentWithin(middle, freedom) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

export interface Spread {
  readonly count: number; // n, of seeds
  readonly mean: number;
  readonly low: number; // ends of the interval of the mean; infinite where there is but one value
  readonly high: number;
}

/** Mean and its interval. @param values finite, at least one @param alpha chance that the interval misses */
export function spreadOf(values: readonly number[], alpha: number): Spread {
  const count = values.length;
  assert(count > 0);
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { count, mean, low: -Infinity, high: Infinity };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const half = studentQuantile(1 - alpha, count - 1) * Math.sqrt(variance / count);
  return { count, mean, low: mean - half, high: mean + half };
}
