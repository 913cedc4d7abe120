/** Permutations: bijective, a pure function of their name, and without bias. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { below, permutation } from '../../shared/math/permutation.ts';
import { streamOf, wordsOf } from '../../shared/math/philox.ts';

test('a permutation holds every index once and depends on seed and stream alone', () => {
  fc.assert(
    fc.property(fc.nat(3000), fc.nat(0xffffffff), fc.nat(1000), (count, seed, epoch) => {
      const order = permutation(count, seed, streamOf('permutation', epoch));
      assert.deepEqual(
        order.toSorted(),
        Uint32Array.from({ length: count }, (_, index) => index),
      );
      assert.deepEqual(order, permutation(count, seed, streamOf('permutation', epoch)));
    }),
    { numRuns: 50 },
  );
});

test('seeds and epochs give different orders', () => {
  const orders = [1, 2, 3].flatMap((seed) =>
    [0, 1, 2].map((epoch) => permutation(50, seed, streamOf('permutation', epoch)).join()),
  );
  assert.equal(new Set(orders).size, orders.length);
});

test('all orders of four come equally often (chi-squared, 23 degrees of freedom)', () => {
  const trials = 24_000;
  const counts = new Map<string, number>();
  for (let trial = 0; trial < trials; trial++) {
    const key = permutation(4, trial, streamOf('permutation')).join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  const expected = trials / 24;
  const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  assert.ok(chiSquared < 49.7, `chi-squared ${chiSquared}`); // 99.9 % quantile
});

test('words above the largest multiple of the bound are thrown away', () => {
  const words = [0xffffffff, 0xfffffffe, 7];
  assert.equal(
    below(0xfffffffe, () => words.shift() ?? 0),
    7,
  );
  assert.equal(words.length, 0);
  const next = wordsOf(1, streamOf('split'));
  assert.equal(below(1, next), 0);
});
