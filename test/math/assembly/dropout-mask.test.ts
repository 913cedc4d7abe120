/** Dropout masks: exactly what the counters say, however an array is cut, and no more nor less than their rate. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createKernels } from '../../../shared/math/kernels.ts';
import { maskWordsOf } from '../../../shared/math/philox.ts';

const count = 200_000;
const kernels = createKernels(4 * count + 64);
const room = kernels.allocate(4 * count);
const values = kernels.float32(room, count);

test('a value is 0 exactly where its 32-bit number is below the rate, and 1 / (1 - rate) elsewhere', () => {
  for (const rate of [0, 0.2, 0.25, 0.5, 0.999]) {
    kernels.dropoutMask(room, count, 5, [0, 0, 9], rate);
    const next = maskWordsOf(5, [0, 0, 9]);
    const kept = Math.fround(1 / (1 - rate));
    assert.ok(values.every((value) => value === (next() >= Math.round(rate * 2 ** 32) ? kept : 0)));
  }
});

test('a mask filled in pieces is one filled at once, at any first index', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9000), { maxLength: 9 }), fc.nat(2 ** 33), (cuts, start) => {
      const length = 9000;
      const fill = (at: number, from: number, to: number) =>
        kernels.dropoutMask(at, to - from, 1, [1, 1, 1], 0.3, start + from);
      fill(room, 0, length);
      const whole = values.slice(0, length);
      values.fill(NaN);
      const ends = [...cuts.sort((a, b) => a - b), length];
      ends.forEach((end, i) => fill(room + 4 * (ends[i - 1] ?? 0), ends[i - 1] ?? 0, end));
      assert.deepEqual(values.slice(0, length), whole);
    }),
    { numRuns: 40 },
  );
});

test('as many are dropped as the rate says, also where only the last 24 bits decide', () => {
  for (const rate of [0.2, 0.5, 1 / 512, 3 / 1024]) {
    kernels.dropoutMask(room, count, 11, [2, 3, 4], rate);
    const dropped = values.reduce((sum, value) => sum + Number(value === 0), 0);
    const deviation = Math.sqrt(rate * (1 - rate) * count);
    assert.ok(Math.abs(dropped - rate * count) < 5 * deviation, `${dropped} of ${count} at ${rate}`);
  }
});

test('neighbours, and values under the same word, are dropped independently', () => {
  kernels.dropoutMask(room, count, 3, [7, 7, 7], 0.5);
  const sign = values.map((value) => (value === 0 ? -1 : 1));
  for (const lag of [1, 2, 3, 4, 16, 64]) {
    let sum = 0;
    for (let i = lag; i < count; i++) sum += sign[i]! * sign[i - lag]!;
    assert.ok(Math.abs(sum) < 5 * Math.sqrt(count), `lag ${lag}: ${sum}`);
  }
});
