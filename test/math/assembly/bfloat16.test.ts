/** bfloat16 by the kernels against what it means: the nearer of two neighbours, compared as exact numbers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createKernels } from '../../../shared/math/kernels.ts';
import { referenceBfloat16 } from '../../../shared/math/reference.ts';

const lowerHalves = [0, 1, 0x7fff, 0x8000, 0x8001, 0xc000, 0xffff]; // exact, above, below, on and over the middle
const infinityBits = 0x7f80;
const nanBits = 0xffff;

/** The value of a bfloat16 as an exact number; in the place of infinity the next power of two, 2^128. */
function magnitudeOf(bits: number): number {
  const exponent = (bits >> 7) & 0xff;
  const fraction = bits & 0x7f;
  return exponent === 0 ? fraction * 2 ** -133 : (128 + fraction) * 2 ** (exponent - 134);
}

/** The nearest bfloat16 of a float32 by its bits, of two neighbours the even one when both are as near. */
function nearest(word: number): number {
  const [sign, kept] = [(word >>> 16) & 0x8000, (word >>> 16) & 0x7fff];
  if (kept >= infinityBits) return (word & 0x7fffffff) === 0x7f800000 ? sign | infinityBits : nanBits;
  const value = new Float32Array(new Uint32Array([word & 0x7fffffff]).buffer)[0]!;
  const below = value - magnitudeOf(kept);
  const above = magnitudeOf(kept + 1) - value;
  const isEven = kept % 2 === 0;
  return sign | (below < above || (below === above && isEven) ? kept : kept + 1);
}

const widen = (bits: Uint16Array): Float32Array =>
  new Float32Array(Uint32Array.from(bits, (word) => word << 16).buffer);

/** All NaNs alike. */
const bitsOf = (values: Float32Array): Uint32Array =>
  new Uint32Array(values.map((value) => (Number.isNaN(value) ? NaN : value)).buffer);

test('every float32 beside the middle of two neighbours, on it, or exact goes to the nearest, ties to even', () => {
  const words = new Uint32Array(lowerHalves.length * 2 ** 16);
  for (let kept = 0; kept < 2 ** 16; kept++)
    lowerHalves.forEach((low, i) => (words[kept * lowerHalves.length + i] = kept * 2 ** 16 + low));
  const kernels = createKernels(words.length * 6 + 128);
  const [values, out] = [kernels.allocate(words.length * 4), kernels.allocate(words.length * 2)];
  const floats = new Float32Array(words.buffer);
  new Uint32Array(kernels.memory.buffer, values, words.length).set(words);
  kernels.narrow(out, values, words.length);
  const expected = Uint16Array.from(words, nearest);
  assert.deepEqual(kernels.bfloat16(out, words.length), expected);
  kernels.narrow(values, values, words.length);
  assert.deepEqual(kernels.bfloat16(values, words.length), expected, 'in place');
  assert.deepEqual(bitsOf(referenceBfloat16(floats)), bitsOf(widen(expected)));
});

test('signs of zero, subnormals, infinity and NaN of any payload', () => {
  const cases: readonly (readonly [float32: number, bfloat16: number])[] = [
    [0x0000_0000, 0x0000], [0x8000_0000, 0x8000], // -0 stays
    [0x0000_0001, 0x0000], [0x0000_8000, 0x0000], [0x0000_8001, 0x0001], [0x8001_8000, 0x8002], // subnormal
    [0x007f_ffff, 0x0080], // becomes normal
    [0x7f7f_0000, 0x7f7f], [0x7f7f_7fff, 0x7f7f], [0x7f7f_8000, 0x7f80], [0xff7f_ffff, 0xff80], // too large
    [0x7f80_0000, 0x7f80], [0xff80_0000, 0xff80],
    [0x7f80_0001, 0xffff], [0x7fff_ffff, 0xffff], [0xffff_ffff, 0xffff], [0xff80_8000, 0xffff], // NaN
  ]; // prettier-ignore
  for (const count of [cases.length, 1, 8, 9]) {
    const kernels = createKernels(1024);
    const values = kernels.allocate(4 * count);
    const some = Array.from({ length: count }, (_, i) => cases[(i * 5) % cases.length]!);
    new Uint32Array(kernels.memory.buffer, values, count).set(some.map(([from]) => from));
    kernels.narrow(values, values, count);
    assert.deepEqual(Array.from(kernels.bfloat16(values, count)), some.map(([, to]) => to)); // prettier-ignore
  }
});

test('a sum below the root rounds to float32 and then to bfloat16, the root to float32 alone', () => {
  const word = fc.nat({ max: 0xffff });
  const near = fc.tuple(word, fc.integer({ min: -1300, max: 1300 })).map(([a, by]) => [a, (a + by) & 0xffff]);
  const pairs = fc.array(fc.oneof(fc.tuple(word, word), near), { minLength: 1, maxLength: 40 });
  const lengths = fc.constantFrom(1, 7, 8, 9, 16, 31, 100, 1001);
  fc.assert(
    fc.property(pairs, lengths, (drawn, count) => {
      const [a, b] = [0, 1].map((side) =>
        Uint16Array.from({ length: count }, (_, i) => drawn[i % drawn.length]![side]!),
      ) as [Uint16Array, Uint16Array];
      const kernels = createKernels(2 ** 14);
      const [left, right] = [kernels.allocate(4 * count), kernels.allocate(2 * count)];
      const [x, y] = [widen(a), widen(b)];
      const sum = x.map((value, i) => Math.fround(value + y[i]!));
      kernels.bfloat16(left, count).set(a);
      kernels.bfloat16(right, count).set(b);
      kernels.addBfloat16(left, right, count);
      assert.deepEqual(kernels.bfloat16(left, count), Uint16Array.from(new Uint32Array(sum.buffer), nearest));
      kernels.bfloat16(left, count).set(a);
      kernels.addToRoot(left, right, count);
      assert.deepEqual([...kernels.float32(left, count)], [...sum]);
      assert.deepEqual(kernels.bfloat16(right, count), b);
    }),
  );
}); // prettier-ignore
