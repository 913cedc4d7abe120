/** The kernels against plain JavaScript, bit for bit, on random and on adversarial values. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createKernels, type AdamScalars, type Kernels } from '../../shared/math/kernels.ts';
import { chunkLength } from '../../shared/math/layout.ts';
import { referenceAdam, referenceFinish, referenceSquares } from '../../shared/math/reference.ts';

const adversarial = [
  0, -0, 1, -1, 2 ** -100, -(2 ** -100), 2 ** -101, 1.9999999 * 2 ** -101, 2 ** -126, 2 ** -149, -(2 ** -140),
  3.4028234663852886e38, -3.4028234663852886e38, 2 ** 64, 1.8446742e19, 1e-20, Infinity, -Infinity, NaN,
  0.1, 1 / 3, 16777217, 8388609.5,
]; // prettier-ignore
const anyFloat = fc.oneof(
  fc.float(),
  fc.constantFrom(...adversarial).map(Math.fround),
  fc.float({ min: -1, max: 1, noNaN: true }),
);
const finite = fc.float({ min: -8, max: 8, noNaN: true });
const lengths = fc.constantFrom(0, 1, 3, 7, 15, 16, 17, 31, 100, 4095, 4096, 4097, 5000);

/** Arrays of one length, filled by repeating a drawn pattern. */
function arraysOf(count: number, values: fc.Arbitrary<number>): fc.Arbitrary<Float32Array[]> {
  const pattern = fc.array(values, { minLength: 1, maxLength: 60 });
  return fc
    .tuple(lengths, fc.array(pattern, { minLength: count, maxLength: count }))
    .map(([length, patterns]) =>
      patterns.map((from) => Float32Array.from({ length }, (_, i) => from[i % from.length] ?? 0)),
    );
}

function place(kernels: Kernels, values: Float32Array): number {
  const offset = kernels.allocate(4 * values.length);
  kernels.float32(offset, values.length).set(values);
  return offset;
}

/** Bits, with all NaNs alike: WebAssembly leaves a NaN's payload open. */
function bitsOf(values: Float32Array): Uint32Array {
  const bits = new Uint32Array(values.slice().buffer);
  return bits.map((word, i) => (Number.isNaN(values[i]) ? 0x7fc00000 : word));
}

const sameBits = (actual: Float32Array, expected: Float32Array): void =>
  assert.deepEqual(bitsOf(actual), bitsOf(expected));

test('a sum of float32 arrays rounds once a value', () => {
  fc.assert(
    fc.property(arraysOf(2, anyFloat), ([a = new Float32Array(), b = new Float32Array()]) => {
      const kernels = createKernels(2 ** 17);
      const [acc, values] = [place(kernels, a), place(kernels, b)];
      kernels.add(acc, values, a.length);
      sameBits(
        kernels.float32(acc, a.length),
        a.map((value, i) => Math.fround(value + (b[i] ?? 0))),
      );
      sameBits(kernels.float32(values, b.length), b);
    }),
  );
});

test('a sum of float64 arrays is that of JavaScript', () => {
  fc.assert(
    fc.property(lengths, fc.array(fc.double(), { minLength: 2, maxLength: 40 }), (length, pattern) => {
      const kernels = createKernels(2 ** 17);
      const a = Float64Array.from({ length }, (_, i) => pattern[i % pattern.length] ?? 0);
      const b = Float64Array.from({ length }, (_, i) => pattern[(3 * i + 1) % pattern.length] ?? 0);
      const [acc, values] = [kernels.allocate(8 * length), kernels.allocate(8 * length)];
      kernels.float64(acc, length).set(a);
      kernels.float64(values, length).set(b);
      kernels.add64(acc, values, length);
      assert.deepEqual(
        kernels.float64(acc, length),
        a.map((value, i) => value + (b[i] ?? 0)),
      );
    }),
  );
});

test('finishing a leaf flushes magnitudes below 2^-100, keeps every other bit, and sums the squares', () => {
  fc.assert(
    fc.property(arraysOf(1, anyFloat), ([leaf = new Float32Array()]) => {
      const kernels = createKernels(2 ** 16);
      const offset = place(kernels, leaf);
      const { squares, finite: isFinite } = kernels.finishLeaf(offset, leaf.length);
      const expected = referenceFinish(leaf);
      sameBits(kernels.float32(offset, leaf.length), expected);
      assert.equal(squares, referenceSquares(expected));
      assert.equal(isFinite, referenceSquares(expected) <= 3.4028234663852886e38);
    }),
  );
});

test('no sum of two finished leaves is subnormal', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true }), fc.integer({ min: -9, max: 9 }), (value, ulps) => {
      const near = new Float32Array([value, value]);
      const words = new Int32Array(near.buffer);
      words[1] = ((words[1] ?? 0) + ulps) ^ 0x80000000; // almost minus the first
      const [a = 0, b = 0] = referenceFinish(near);
      const sum = Math.fround(a + b);
      assert.ok(Number.isNaN(sum) || sum === 0 || Math.abs(sum) >= 2 ** -126);
    }),
  );
});

test('scaling, adding a multiple and squaring round as JavaScript does', () => {
  fc.assert(
    fc.property(
      arraysOf(2, anyFloat),
      anyFloat,
      ([a = new Float32Array(), b = new Float32Array()], factor) => {
        const kernels = createKernels(2 ** 17);
        const [first, other] = [place(kernels, a), place(kernels, b)];
        const scaled = a.map((value) => Math.fround(value * factor));
        assert.equal(kernels.scale(first, a.length, factor).squares, referenceSquares(scaled));
        sameBits(kernels.float32(first, a.length), scaled);
        kernels.addScaled(first, other, a.length, factor);
        const sum = scaled.map((value, i) => Math.fround(value + Math.fround(factor * (b[i] ?? 0))));
        sameBits(kernels.float32(first, a.length), sum);
        assert.equal(kernels.squares(first, a.length).squares, referenceSquares(sum));
      },
    ),
  );
});

test('the sum of squares of an array is that of its chunks, added in order', () => {
  const kernels = createKernels(4 * 2.6 * chunkLength);
  const length = Math.floor(2.5 * chunkLength) + 3;
  const offset = kernels.allocate(4 * length);
  kernels.normal(offset, length, 1, [0, 0, 0], 1);
  let sum = 0;
  for (let start = 0; start < length; start += chunkLength) {
    sum += kernels.squares(offset + 4 * start, Math.min(chunkLength, length - start)).squares;
  }
  assert.equal(kernels.squares(offset, length).squares, sum);
  assert.equal(sum, referenceSquares(kernels.float32(offset, length)));
});

test('values whose squares would overflow float32 do not pass as finite', () => {
  const kernels = createKernels(2 ** 12);
  const check = (value: number): boolean =>
    kernels.squares(place(kernels, new Float32Array([1, value])), 2).finite;
  assert.deepEqual([1, 1e19, 2e19, 3e38, Infinity, -Infinity, NaN].map(check), [
    true, true, false, false, false, false, false,
  ]); // prettier-ignore
});

const scalarsOf = fc.record<AdamScalars>({
  gradientScale: fc.constantFrom(1, 0.3, 1e-6),
  learningRate: fc.constantFrom(1e-4, 0.1, 1e-12),
  beta1: fc.constantFrom(0.9, 0, 0.5),
  beta2: fc.constantFrom(0.999, 0, 0.95),
  epsilon: fc.constantFrom(1e-8, 1e-30),
  correction1: fc.constantFrom(10, 1, 5.263157894736843),
  correction2: fc.constantFrom(1000.0000000000009, 1),
});

for (const [name, values] of [
  ['finite', finite],
  ['adversarial', anyFloat],
] as const) {
  test(`Adam gives the bits of the reference on ${name} values, in place or not`, () => {
    fc.assert(
      fc.property(arraysOf(4, values), scalarsOf, fc.boolean(), (arrays, scalars, inPlace) => {
        const kernels = createKernels(2 ** 18);
        const [parameters, firstMoment, secondMoment, gradient] = arrays as [
          Float32Array,
          Float32Array,
          Float32Array,
          Float32Array,
        ];
        const count = parameters.length;
        const [p, m, v, g] = arrays.map((array) => place(kernels, array)) as [number, number, number, number];
        const out = inPlace ? p : kernels.allocate(4 * count);
        kernels.adam(out, p, m, v, g, count, scalars);
        const expected = referenceAdam({ parameters, firstMoment, secondMoment }, gradient, scalars);
        sameBits(kernels.float32(m, count), expected.firstMoment);
        sameBits(kernels.float32(v, count), expected.secondMoment);
        sameBits(kernels.float32(out, count), expected.parameters);
      }),
    );
  });
}

test('allocations are aligned and apart, and a full memory is refused with its sizes', () => {
  const kernels = createKernels(1000);
  const offsets = [1, 64, 65, 3].map((bytes) => kernels.allocate(bytes));
  assert.ok(offsets.every((offset) => offset % 64 === 0));
  assert.deepEqual(
    offsets.map((offset) => offset - (offsets[0] ?? 0)),
    [0, 64, 128, 256],
  );
  assert.throws(() => kernels.allocate(1e6), {
    name: 'RangeError',
    message: /^1000000 bytes were asked for, \d+ of \d+ are free$/,
  });
  assert.throws(() => createKernels(2 ** 32), { name: 'RangeError', message: /4 GiB/ });
});

test('arrays in the last bytes of a memory of 4 GiB are reached', () => {
  const kernels = createKernels(2 ** 32 - 2 ** 16);
  kernels.allocate(2 ** 32 - 2 ** 17);
  const [a, b] = [kernels.allocate(2 ** 15), kernels.allocate(2 ** 15)];
  assert.equal(b + 2 ** 15, 2 ** 32);
  const count = 2 ** 13;
  kernels.float32(a, count).fill(2);
  kernels.float32(b, count).fill(3);
  kernels.add(b, a, count);
  assert.deepEqual(kernels.scale(b, count, 2), { squares: 100 * count, finite: true });
  kernels.uniform(b, count, 1, [0, 0, 0], 5, 6);
  assert.ok(kernels.float32(b, count).every((value) => value >= 5 && value < 6));
});
