/**
 * Random numbers from counters: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as
 * 1, 2, 3"), sixteen words at a time.
 *
 * Word i of a stream is word i mod 4 of the block whose counter is (i div 4, stream), under the key (seed, 0):
 * philox.ts computes the same words. A distribution turns words into values in place, a tile at a time; a dropout
 * mask takes one byte a value (dropout-mask.ts). What value i is depends on i alone, so an array may be filled
 * in pieces, at any first index.
 */

const groupLength: u32 = 16; // four blocks, one in each lane
const tileLength: u32 = 4096;
const scratch = memory.data(64, 16); // one group, for the ragged ends of an array

const words: u32 = 0;
const uniform: u32 = 1;
const normal: u32 = 2;

export function fillWords(out: usize, count: u32, first: f64, seed: u32, s0: u32, s1: u32, s2: u32): void {
  fill(words, out, count, <u64>first, seed, s0, s1, s2, 0, 0, 0);
}

/** low + u * range, at most `largest`; u has 24 bits, in [0, 1). */
export function fillUniform(
  out: usize,
  count: u32,
  first: f64,
  seed: u32,
  s0: u32,
  s1: u32,
  s2: u32,
  low: f32,
  range: f32,
  largest: f32,
): void {
  fill(uniform, out, count, <u64>first, seed, s0, s1, s2, low, range, largest);
}

/** Words 2j and 2j + 1 make values 2j and 2j + 1. */
export function fillNormal(
  out: usize,
  count: u32,
  first: f64,
  seed: u32,
  s0: u32,
  s1: u32,
  s2: u32,
  deviation: f32,
): void {
  fill(normal, out, count, <u64>first, seed, s0, s1, s2, deviation, 0, 0);
}

function fill(
  kind: u32,
  out: usize,
  count: u32,
  first: u64,
  seed: u32,
  s0: u32,
  s1: u32,
  s2: u32,
  a: f32,
  b: f32,
  c: f32,
): void {
  let done: u32 = 0;
  while (done < count) {
    const at = first + <u64>done;
    const block = (<u32>(at >> 4)) << 2; // of the group that holds value `at`
    const skipped = (<u32>at) & (groupLength - 1);
    const left = count - done;
    const target = out + (done << 2);
    if (skipped != 0 || left < groupLength) {
      philox(scratch, 1, block, seed, 0, s0, s1, s2);
      transform(kind, scratch, 1, a, b, c);
      const length = min(groupLength - skipped, left);
      memory.copy(target, scratch + (skipped << 2), length << 2);
      done += length;
    } else {
      const groupCount = min(left, tileLength) / groupLength;
      philox(target, groupCount, block, seed, 0, s0, s1, s2);
      transform(kind, target, groupCount, a, b, c);
      done += groupCount * groupLength;
    }
  }
}

function transform(kind: u32, at: usize, groupCount: u32, a: f32, b: f32, c: f32): void {
  if (kind == uniform) toUniform(at, groupCount, a, b, c);
  else if (kind == normal) toNormal(at, groupCount, a);
}

/** Writes the words of blocks block, ..., block + 4 * groupCount - 1, under the key (seed, key1). */
export function philox(
  out: usize,
  groupCount: u32,
  block: u32,
  seed: u32,
  key1: u32,
  s0: u32,
  s1: u32,
  s2: u32,
): void {
  const multiplier0 = i32x4.splat(0xd2511f53);
  const multiplier1 = i32x4.splat(0xcd9e8d57);
  for (let group: u32 = 0; group < groupCount; group++) {
    let c0 = i32x4.add(i32x4.splat(block + (group << 2)), i32x4(0, 1, 2, 3));
    let c1 = i32x4.splat(s0);
    let c2 = i32x4.splat(s1);
    let c3 = i32x4.splat(s2);
    let k0 = seed;
    let k1 = key1;
    for (let round = 0; round < 10; round++) {
      const low0 = i64x2.extmul_low_i32x4_u(c0, multiplier0);
      const high0 = i64x2.extmul_high_i32x4_u(c0, multiplier0);
      const low1 = i64x2.extmul_low_i32x4_u(c2, multiplier1);
      const high1 = i64x2.extmul_high_i32x4_u(c2, multiplier1);
      c0 = v128.xor(v128.xor(v128.shuffle<i32>(low1, high1, 1, 3, 5, 7), c1), i32x4.splat(k0));
      c2 = v128.xor(v128.xor(v128.shuffle<i32>(low0, high0, 1, 3, 5, 7), c3), i32x4.splat(k1));
      c1 = v128.shuffle<i32>(low1, high1, 0, 2, 4, 6);
      c3 = v128.shuffle<i32>(low0, high0, 0, 2, 4, 6);
      k0 += 0x9e3779b9;
      k1 += 0xbb67ae85;
    }
    storeTransposed(out + (group << 6), c0, c1, c2, c3);
  }
}

/** Lane j of the four vectors becomes row j. */
function storeTransposed(out: usize, c0: v128, c1: v128, c2: v128, c3: v128): void {
  const low01 = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5);
  const low23 = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
  const high23 = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(out, v128.shuffle<i64>(low01, low23, 1, 3), 16);
  v128.store(out, v128.shuffle<i64>(high01, high23, 0, 2), 32);
  v128.store(out, v128.shuffle<i64>(high01, high23, 1, 3), 48);
}

function toUniform(values: usize, groupCount: u32, low: f32, range: f32, largest: f32): void {
  const unit = f32x4.splat(5.9604644775390625e-8); // 2^-24
  for (let vector: u32 = 0; vector < 4 * groupCount; vector++) {
    const at = values + (vector << 4);
    const u = f32x4.mul(f32x4.convert_i32x4_u(i32x4.shr_u(v128.load(at), 8)), unit);
    const value = f32x4.add(f32x4.mul(u, f32x4.splat(range)), f32x4.splat(low));
    v128.store(at, f32x4.min(value, f32x4.splat(largest)));
  }
}

/** Box and Muller 1958: r = sqrt(-2 ln u1), then r cos(2 pi u2) and r sin(2 pi u2). */
function toNormal(values: usize, groupCount: u32, deviation: f32): void {
  for (let pair: u32 = 0; pair < 2 * groupCount; pair++) {
    const at = values + (pair << 5);
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const radius = f32x4.mul(radiusOf(v128.shuffle<i32>(a, b, 0, 2, 4, 6)), f32x4.splat(deviation));
    const turn = v128.shuffle<i32>(a, b, 1, 3, 5, 7);
    const quadrant = i32x4.shr_u(i32x4.add(turn, i32x4.splat(1 << 29)), 30);
    // what is left of the turn is in [-1/8, 1/8)
    const rest = i32x4.sub(turn, i32x4.shl(quadrant, 30));
    const angle = f32x4.mul(f32x4.convert_i32x4_s(rest), f32x4.splat(1.4629180792671596e-9)); // 2 pi / 2^32
    const sine = sineOf(angle);
    const cosine = cosineOf(angle);
    const isOdd = i32x4.ne(v128.and(quadrant, i32x4.splat(1)), i32x4.splat(0));
    const two = i32x4.splat(2);
    const signOfX = i32x4.shl(v128.and(i32x4.add(quadrant, i32x4.splat(1)), two), 30);
    const signOfY = i32x4.shl(v128.and(quadrant, two), 30);
    const x = f32x4.mul(radius, v128.xor(v128.bitselect(sine, cosine, isOdd), signOfX));
    const y = f32x4.mul(radius, v128.xor(v128.bitselect(cosine, sine, isOdd), signOfY));
    v128.store(at, v128.shuffle<i32>(x, y, 0, 4, 1, 5));
    v128.store(at, v128.shuffle<i32>(x, y, 2, 6, 3, 7), 16);
  }
}

/**
 * sqrt(-2 ln u) for u = (word + 1/2) / 2^32: u = m 2^e with m in [3/4, 3/2), and ln m = 2 artanh(s) by its
 * series, s = (m - 1) / (m + 1), |s| <= 1/5. From u = 3/4 on, where float32 would lose digits of m - 1, it is
 * taken from the complement of the word.
 */
function radiusOf(word: v128): v128 {
  const half = f32x4.splat(0.5);
  const one = f32x4.splat(1);
  const u = f32x4.add(f32x4.convert_i32x4_u(word), half); // times 2^32
  const exponent = i32x4.shr_s(i32x4.sub(u, i32x4.splat(0x3f400000)), 23); // 0x3f400000 is 3/4
  const m = i32x4.sub(u, i32x4.shl(exponent, 23));
  const rest = f32x4.mul(
    f32x4.add(f32x4.convert_i32x4_u(v128.not(word)), half),
    f32x4.splat(-2.3283064365386963e-10), // -2^-32
  );
  const isNearOne = i32x4.ge_u(word, i32x4.splat(0xc0000000));
  const s = f32x4.div(v128.bitselect(rest, f32x4.sub(m, one), isNearOne), f32x4.add(m, one));
  const z = f32x4.mul(s, s);
  let series = f32x4.add(f32x4.mul(z, f32x4.splat(0.18181818)), f32x4.splat(0.22222222));
  series = f32x4.add(f32x4.mul(z, series), f32x4.splat(0.2857143));
  series = f32x4.add(f32x4.mul(z, series), f32x4.splat(0.4));
  series = f32x4.add(f32x4.mul(z, series), f32x4.splat(0.6666667));
  series = f32x4.add(f32x4.mul(z, series), f32x4.splat(2));
  const e = f32x4.convert_i32x4_s(i32x4.sub(exponent, i32x4.splat(32)));
  const logarithm = f32x4.add(f32x4.mul(e, f32x4.splat(0.6931472)), f32x4.mul(s, series));
  return f32x4.sqrt(f32x4.mul(logarithm, f32x4.splat(-2)));
}

/** Taylor's series to x^9: within 2^-27 for |x| <= pi / 4. */
function sineOf(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let series = f32x4.add(f32x4.mul(z, f32x4.splat(2.7557319e-6)), f32x4.splat(-1.984127e-4));
  series = f32x4.add(f32x4.mul(z, series), f32x4.splat(8.333334e-3));
  series = f32x4.add(f32x4.mul(z, series), f32x4.splat(-0.16666667));
  return f32x4.add(x, f32x4.mul(f32x4.mul(x, z), series));
}

/** Taylor's series to x^10. */
function cosineOf(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let series = f32x4.add(f32x4.mul(z, f32x4.splat(-2.7557319e-7)), f32x4.splat(2.4801588e-5));
  series = f32x4.add(f32x4.mul(z, series), f32x4.splat(-1.3888889e-3));
  series = f32x4.add(f32x4.mul(z, series), f32x4.splat(4.1666668e-2));
  series = f32x4.add(f32x4.mul(z, series), f32x4.splat(-0.5));
  return f32x4.add(f32x4.splat(1), f32x4.mul(z, series));
}
