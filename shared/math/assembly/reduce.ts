/**
 * Sums, scalings and sums of squares: the kernels of the exchange whose speed is that of the memory.
 *
 * The order of every float64 sum is part of the contract, since the noise scale and clipping come out of it:
 * an array is cut into chunks of 2^20 values and these into tiles of 4,096, each added up in order; within a
 * tile, value i goes to lane i mod 16, the lanes are added as a tree, and the up to 15 values behind the last
 * full row of lanes come last. So the sum over an array is the sum of what its chunks give by themselves.
 */

const chunkLength: u32 = 1 << 20; // of layout.ts
const tileLength: u32 = 4096; // 16 KiB: a tile that was just written is still in the first cache
const flushLimit: f32 = 7.888609052210118e-31; // 2^-100

/** acc += values, float32. */
export function add(acc: usize, values: usize, count: u32): void {
  const whole = count & ~15;
  let i: u32 = 0;
  for (; i < whole; i += 16) {
    const to = acc + (i << 2);
    const from = values + (i << 2);
    const a = f32x4.add(v128.load(to), v128.load(from));
    const b = f32x4.add(v128.load(to, 16), v128.load(from, 16));
    const c = f32x4.add(v128.load(to, 32), v128.load(from, 32));
    const d = f32x4.add(v128.load(to, 48), v128.load(from, 48));
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
  for (; i < count; i++) {
    const to = acc + (i << 2);
    store<f32>(to, load<f32>(to) + load<f32>(values + (i << 2)));
  }
}

/** acc += values, float64. */
export function add64(acc: usize, values: usize, count: u32): void {
  const whole = count & ~7;
  let i: u32 = 0;
  for (; i < whole; i += 8) {
    const to = acc + (i << 3);
    const from = values + (i << 3);
    const a = f64x2.add(v128.load(to), v128.load(from));
    const b = f64x2.add(v128.load(to, 16), v128.load(from, 16));
    const c = f64x2.add(v128.load(to, 32), v128.load(from, 32));
    const d = f64x2.add(v128.load(to, 48), v128.load(from, 48));
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
  for (; i < count; i++) {
    const to = acc + (i << 3);
    store<f64>(to, load<f64>(to) + load<f64>(values + (i << 3)));
  }
}

/** values += coefficient * other: two roundings a value. */
export function addScaled(values: usize, other: usize, count: u32, coefficient: f32): void {
  const factor = f32x4.splat(coefficient);
  const whole = count & ~7;
  let i: u32 = 0;
  for (; i < whole; i += 8) {
    const to = values + (i << 2);
    const from = other + (i << 2);
    const a = f32x4.add(v128.load(to), f32x4.mul(factor, v128.load(from)));
    const b = f32x4.add(v128.load(to, 16), f32x4.mul(factor, v128.load(from, 16)));
    v128.store(to, a);
    v128.store(to, b, 16);
  }
  for (; i < count; i++) {
    const to = values + (i << 2);
    const product = coefficient * load<f32>(other + (i << 2));
    store<f32>(to, load<f32>(to) + product);
  }
}

const asItIs: u32 = 0;
const flushed: u32 = 1;
const scaled: u32 = 2;

/** The sum of squares, float64: a square of a float32 is exact there and never overflows. */
export function squares(values: usize, count: u32): f64 {
  return squaresAfter(asItIs, values, count, 1);
}

/** Sets entries of magnitude below 2^-100 to 0 (NaN stays). @returns the sum of squares of the result */
export function finishLeaf(values: usize, count: u32): f64 {
  return squaresAfter(flushed, values, count, 1);
}

/** values *= factor. @returns the sum of squares of the result */
export function scale(values: usize, count: u32, factor: f32): f64 {
  return squaresAfter(scaled, values, count, factor);
}

function squaresAfter(change: u32, values: usize, count: u32, factor: f32): f64 {
  let sum: f64 = 0;
  for (let start: u32 = 0; start < count; start += chunkLength) {
    const end = start + min(chunkLength, count - start);
    let sumOfChunk: f64 = 0;
    for (let i = start; i < end; i += tileLength) {
      const tile = values + (i << 2);
      const length = min(tileLength, end - i);
      if (change == flushed) flushTile(tile, length);
      else if (change == scaled) scaleTile(tile, length, factor);
      sumOfChunk += squaresOfTile(tile, length);
    }
    sum += sumOfChunk;
  }
  return sum;
}

function flushTile(values: usize, count: u32): void {
  const limit = f32x4.splat(flushLimit);
  const whole = count & ~7;
  let i: u32 = 0;
  for (; i < whole; i += 8) {
    const at = values + (i << 2);
    const a = v128.load(at);
    const b = v128.load(at, 16);
    v128.store(at, v128.andnot(a, f32x4.lt(f32x4.abs(a), limit)));
    v128.store(at, v128.andnot(b, f32x4.lt(f32x4.abs(b), limit)), 16);
  }
  for (; i < count; i++) {
    const at = values + (i << 2);
    if (abs(load<f32>(at)) < flushLimit) store<f32>(at, 0);
  }
}

function scaleTile(values: usize, count: u32, factor: f32): void {
  const factors = f32x4.splat(factor);
  const whole = count & ~7;
  let i: u32 = 0;
  for (; i < whole; i += 8) {
    const at = values + (i << 2);
    const a = f32x4.mul(v128.load(at), factors);
    const b = f32x4.mul(v128.load(at, 16), factors);
    v128.store(at, a);
    v128.store(at, b, 16);
  }
  for (; i < count; i++) {
    const at = values + (i << 2);
    store<f32>(at, load<f32>(at) * factor);
  }
}

/** Lane k holds the sum over values k, k + 16, k + 32, ... */
function squaresOfTile(values: usize, count: u32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  const whole = count & ~15;
  let i: u32 = 0;
  for (; i < whole; i += 16) {
    const at = values + (i << 2);
    s0 = f64x2.add(s0, squareOfTwo(at));
    s1 = f64x2.add(s1, squareOfTwo(at + 8));
    s2 = f64x2.add(s2, squareOfTwo(at + 16));
    s3 = f64x2.add(s3, squareOfTwo(at + 24));
    s4 = f64x2.add(s4, squareOfTwo(at + 32));
    s5 = f64x2.add(s5, squareOfTwo(at + 40));
    s6 = f64x2.add(s6, squareOfTwo(at + 48));
    s7 = f64x2.add(s7, squareOfTwo(at + 56));
  }
  const even = f64x2.add(f64x2.add(s0, s4), f64x2.add(s2, s6));
  const odd = f64x2.add(f64x2.add(s1, s5), f64x2.add(s3, s7));
  const lanes = f64x2.add(even, odd);
  let sum = f64x2.extract_lane(lanes, 0) + f64x2.extract_lane(lanes, 1);
  for (; i < count; i++) {
    const value = <f64>load<f32>(values + (i << 2));
    sum += value * value;
  }
  return sum;
}

/** The squares of the two float32 at `at`, as float64. */
function squareOfTwo(at: usize): v128 {
  const pair = f64x2.promote_low_f32x4(v128.load64_zero(at));
  return f64x2.mul(pair, pair);
}
