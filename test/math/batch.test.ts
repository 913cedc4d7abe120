/** Micro-batch sizes: defaults, one unit for a sweep, and refusals that name sizes which work. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LockstepError } from '../../shared/errors.ts';
import { checkMicroBatchSize, commonMicroBatchSize, defaultMicroBatchSize } from '../../shared/math/batch.ts';

const usage =
  (pattern: RegExp) =>
  (error: unknown): boolean =>
    error instanceof LockstepError && error.exitCode === 64 && pattern.test(error.message);

test('the default is the largest divisor from 2 to 500', () => {
  assert.equal(defaultMicroBatchSize(1000), 500);
  assert.equal(defaultMicroBatchSize(6300), 450);
  assert.equal(defaultMicroBatchSize(2), 2);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20_000 }), (half) => {
      const size = defaultMicroBatchSize(2 * half);
      assert.equal((2 * half) % size, 0);
      assert.ok(size >= 2 && size <= 500);
      for (let larger = size + 1; larger <= 500; larger++) assert.notEqual((2 * half) % larger, 0);
    }),
  );
});

test('a batch without such a divisor is refused, with the nearest sizes that work', () => {
  assert.throws(() => defaultMicroBatchSize(1009), usage(/--batch-size 1009 .* use 1008 or 1010/));
  assert.throws(() => defaultMicroBatchSize(1), usage(/use 2, or/));
});

test('a sweep uses the largest common divisor that leaves each size two micro-batches', () => {
  assert.equal(commonMicroBatchSize([1000, 6300]), 100);
  assert.equal(commonMicroBatchSize([100, 1000]), 50);
  assert.equal(commonMicroBatchSize([4000, 8000]), 500);
  assert.equal(commonMicroBatchSize([1000]), 500);
});

test('sizes without a common unit are refused', () => {
  assert.throws(
    () => commonMicroBatchSize([1000, 1009]),
    usage(/1000, 1009 have no common divisor.*such as 100/),
  );
  assert.throws(() => commonMicroBatchSize([2, 4]), usage(/at least two micro-batches/));
});

test('a micro-batch size that does not fit is refused, with divisors next to it', () => {
  checkMicroBatchSize(1000, 1000);
  checkMicroBatchSize(1000, 2);
  assert.throws(() => checkMicroBatchSize(1000, 300), usage(/such as 250 or 500/));
  assert.throws(() => checkMicroBatchSize(1000, 1), usage(/at least 2, such as 2/));
  assert.throws(() => checkMicroBatchSize(10, 2000), usage(/such as 10/));
});
