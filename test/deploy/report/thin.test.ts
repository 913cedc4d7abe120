import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buckets, frameOf, thin } from '../../../deploy/report/thin.ts';

test('buckets keep every item, in order, and are about equally full', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer(), { maxLength: 300 }),
      fc.integer({ min: 1, max: 50 }),
      (items, limit) => {
        const made = buckets(items, limit);
        assert.deepEqual(made.flat(), items);
        assert.ok(made.length <= limit);
        const sizes = made.map(({ length }) => length);
        assert.ok(sizes.length === 0 || Math.max(...sizes) - Math.min(...sizes) <= 1);
      },
    ),
  );
});

test('a long series is drawn by few points, with its mean and its last x', () => {
  const points = thin(
    Array.from({ length: 100_000 }, (_, index) => index),
    500,
    (index) => index,
    (index) => (index % 2 === 0 ? 1 : 3),
  );
  assert.equal(points.length, 500);
  assert.deepEqual(points.at(-1), [99_999, 2]);
});

test('what is not finite is left out, not drawn', () => {
  const values = [NaN, 1, Infinity, 2];
  const points = thin(
    [0, 1, 2, 3],
    10,
    (index) => index,
    (index) => values[index]!,
  );
  assert.deepEqual(points, [
    [1, 1],
    [3, 2],
  ]);
  assert.deepEqual(
    thin(
      [0],
      10,
      () => 0,
      () => NaN,
    ),
    [],
  );
});

test('a few huge values do not press the others flat', () => {
  const usual = Array.from({ length: 200 }, (_, index) => -250 + (index % 20));
  const frame = frameOf([144_299, ...usual]);
  assert.ok(frame !== null && frame.isCut && frame.high < 0 && frame.low < -250);
});

test('a frame holds all values where none stands out', () => {
  const frame = frameOf([1, 2, 3, 4]);
  assert.ok(frame !== null && !frame.isCut && frame.low < 1 && frame.high > 4);
  const flat = frameOf([5, 5]);
  assert.ok(flat !== null && flat.low < 5 && flat.high > 5);
  assert.equal(frameOf([NaN]), null);
});
