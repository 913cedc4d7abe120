/**
 * Rounds: each side is measured once a round, and every ratio is taken within a round.
 *
 * A machine that is shared drifts over seconds and minutes. Sides that stand next to each other in time share
 * the drift, and the order is turned round from round to round, so that none always comes first.
 */
import assert from 'node:assert/strict';
import type { Bar, Figure, Spread, Unit } from './benchmark.ts';

/** Something to be measured: each call gives the figures of one round, by name. */
export interface Side<N extends string = string> {
  readonly name: string;
  measure(round: number): Promise<Readonly<Record<N, number>>> | Readonly<Record<N, number>>;
}

/** The values of every figure, [rounds] each. */
export type Series = Readonly<Record<string, readonly number[]>>;

export interface RoundOptions {
  readonly rounds: number;
  readonly warmUps?: number; // rounds before the first that counts; 1 unless said otherwise
  readonly say?: (line: string) => void;
}

/**
 * Measures all sides in alternation: A B C, C B A, A B C, ...
 * Two sides must not give a figure of the same name.
 */
export async function alternate(
  sides: readonly Side[],
  { rounds, warmUps = 1, say = () => {} }: RoundOptions,
): Promise<Series> {
  const series: Record<string, number[]> = {};
  for (let round = 0 - warmUps; round < rounds; round++) {
    say(round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`);
    for (const side of orderOf(sides, round)) {
      const figures = await side.measure(round);
      if (round < 0) continue;
      for (const [name, value] of Object.entries(figures)) {
        const values = (series[name] ??= []);
        assert.equal(values.length, round, `${name} has one value a round`);
        values.push(value);
      }
    }
  }
  return series;
}

/** Every other round runs backwards. */
const orderOf = (sides: readonly Side[], round: number): readonly Side[] =>
  Math.abs(round) % 2 === 0 ? sides : sides.toReversed();

/** @param values at least one; the median of an even number is the mean of the two in the middle */
export function spreadOf(values: readonly number[]): Spread {
  assert(values.length > 0, 'a spread of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle]!;
  const median = sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
  return { minimum: sorted[0]!, median, maximum: sorted.at(-1)! };
}

/** A figure of the values of all rounds. */
export const figure = (
  name: string,
  unit: Unit,
  values: readonly number[],
  bar: Bar | null = null,
): Figure => ({
  name,
  unit,
  values,
  spread: spreadOf(values),
  bar,
});

/** A figure made of others, round by round. @param of several series of one length */
export function derive(
  of: readonly (readonly number[])[],
  make: (...values: readonly number[]) => number,
): number[] {
  const [first = []] = of;
  for (const { length } of of) assert.equal(length, first.length, 'values of the same rounds');
  return first.map((_, round) => make(...of.map((values) => values[round]!)));
}

/** The quotient of two series, within each round. */
export const ratio = (
  name: string,
  above: readonly number[],
  below: readonly number[],
  bar: Bar | null = null,
): Figure =>
  figure(
    name,
    'ratio',
    derive([above, below], (a, b) => a! / b!),
    bar,
  );

export const atLeast = (value: number): Bar => ({ kind: 'atLeast', value });
export const atMost = (value: number): Bar => ({ kind: 'atMost', value });

/** Whether the median reaches the bar; null without one. */
export function reaches({ spread, bar }: Figure): boolean | null {
  if (bar === null) return null;
  return bar.kind === 'atLeast' ? spread.median >= bar.value : spread.median <= bar.value;
}
