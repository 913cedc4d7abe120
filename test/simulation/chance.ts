/** Choices that a seed makes: everything random in a simulation comes from here, or from the network's own seed. */
import { wordsOf } from '../../shared/math/philox.ts';

export interface Chance {
  /** A whole number in [0, bound). */
  below(bound: number): number;
  between(low: number, high: number): number;
  pick<T>(from: readonly T[]): T;
  /** Whether something of this probability happens. */
  happens(probability: number): boolean;
}

/** @param stream what is chosen: two streams of one seed know nothing of each other */
export function chanceOf(seed: number, stream: number): Chance {
  const nextWord = wordsOf(seed, [stream, 0, 0]);
  const next = (): number => nextWord() / 2 ** 32;
  const below = (bound: number): number => Math.floor(bound * next());
  return {
    below,
    between: (low, high) => low + (high - low) * next(),
    pick: (from) => from[below(from.length)]!,
    happens: (probability) => next() < probability,
  };
}
