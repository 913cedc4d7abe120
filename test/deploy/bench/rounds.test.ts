import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  alternate,
  atLeast,
  atMost,
  derive,
  figure,
  ratio,
  reaches,
  spreadOf,
  type Side,
} from '../../../deploy/bench/rounds.ts';

const values = fc.array(fc.double({ min: 0.1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 9 });

/** Sides that write down when they were asked, and answer with the place of the question. */
function recorded(names: readonly string[]): { sides: Side[]; asked: string[] } {
  const asked: string[] = [];
  const sides = names.map((name) => ({ name, measure: () => ({ [name]: asked.push(name) }) }));
  return { sides, asked };
}

test('every side is measured once a round, and every other round runs backwards', async () => {
  const { sides, asked } = recorded(['a', 'b', 'c']);
  await alternate(sides, { rounds: 3 });
  assert.deepEqual(asked.join(''), 'cba' + 'abc' + 'cba' + 'abc'); // the first warms up
});

test('warm-ups leave no value, and values stand in the order of their rounds', async () => {
  const { sides } = recorded(['a', 'b']);
  const series = await alternate(sides, { rounds: 3, warmUps: 2 });
  assert.deepEqual(series, { a: [5, 8, 9], b: [6, 7, 10] });
});

test('two sides with a figure of one name are our bug', async () => {
  const side = { name: 'same', measure: () => ({ ms: 1 }) };
  await assert.rejects(alternate([side, side], { rounds: 1, warmUps: 0 }), /ms has one value a round/);
});

test('half of the values lie on each side of the median, all between minimum and maximum', () => {
  fc.assert(
    fc.property(values, (given) => {
      const { minimum, median, maximum } = spreadOf(given);
      assert.ok(given.every((value) => minimum <= value && value <= maximum));
      assert.ok(given.includes(minimum) && given.includes(maximum));
      assert.ok(2 * given.filter((value) => value < median).length <= given.length);
      assert.ok(2 * given.filter((value) => value > median).length <= given.length);
      assert.deepEqual(spreadOf(given.toReversed()), { minimum, median, maximum });
    }),
  );
});

test('a ratio is taken within each round: what slows a whole round changes none', () => {
  fc.assert(
    fc.property(values, values, (slowdowns, raw) => {
      const [above, below] = [slowdowns, slowdowns].map((series, k) =>
        series.map((slow, round) => slow * (k + 1) * raw[round % raw.length]!),
      );
      for (const value of ratio('r', above!, below!).values) assert.ok(Math.abs(value - 0.5) < 1e-12);
    }),
  );
  assert.throws(() => derive([[1], [1, 2]], (a) => a!), /values of the same rounds/);
});

test('a bar is about the median', () => {
  const of = (bar: ReturnType<typeof atLeast>) => reaches(figure('f', 'ms', [1, 5, 100], bar));
  assert.equal(of(atLeast(5)), true);
  assert.equal(of(atLeast(6)), false);
  assert.equal(of(atMost(5)), true);
  assert.equal(of(atMost(4)), false);
  assert.equal(reaches(figure('f', 'ms', [1])), null);
});
