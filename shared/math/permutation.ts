/**
 * Seeded permutations: Fisher and Yates' shuffle (Durstenfeld 1964), driven by a Philox stream.
 *
 * Position j of a draw is uniform without bias: a word above the largest multiple of the bound is thrown away.
 */
import type { PhiloxStream } from './kernels.ts';
import { wordsOf } from './philox.ts';

/** A permutation of 0..count-1, the same for the same (seed, stream) everywhere. @returns [count] */
export function permutation(count: number, seed: number, stream: PhiloxStream): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  const next = wordsOf(seed, stream);
  for (let last = count - 1; last > 0; last--) {
    const chosen = below(last + 1, next);
    const value = order[chosen] ?? 0;
    order[chosen] = order[last] ?? 0;
    order[last] = value;
  }
  return order;
}

/** Uniform in 0..bound-1 from words of 32 bits. */
export function below(bound: number, next: () => number): number {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  let word = next();
  while (word >= limit) word = next();
  return word % bound;
}
