/**
 * bfloat16, the upper half of a float32's bits: rounding to it (to nearest, ties to even), and sums of nodes below
 * the root of the tree, which are held in it.
 *
 * A sum is taken in float32, so it rounds twice: once to float32, once to bfloat16. Of finite bits, adding 0x7fff
 * and the lowest bit that stays carries exactly where rounding goes up, into the exponent too: what is too large
 * becomes infinity, and subnormals need nothing of their own. A NaN, which that would carry away, has all its bits
 * set instead.
 */

/** out = values as bfloat16. `out` may be `values`: the lower half of its room is overwritten, front to back. */
export function narrow(out: usize, values: usize, count: u32): void {
  const whole = count & ~7;
  let i: u32 = 0;
  for (; i < whole; i += 8) {
    const from = values + (i << 2);
    v128.store(out + (i << 1), rounded(v128.load(from), v128.load(from, 16)));
  }
  for (; i < count; i++) store<u16>(out + (i << 1), roundedOne(load<f32>(values + (i << 2))));
}

/** acc += values, both bfloat16. */
export function addBfloat16(acc: usize, values: usize, count: u32): void {
  const whole = count & ~7;
  let i: u32 = 0;
  for (; i < whole; i += 8) {
    const to = acc + (i << 1);
    const a = v128.load(to);
    const b = v128.load(values + (i << 1));
    v128.store(to, rounded(f32x4.add(low(a), low(b)), f32x4.add(high(a), high(b))));
  }
  for (; i < count; i++) {
    const to = acc + (i << 1);
    store<u16>(to, roundedOne(widened(to) + widened(values + (i << 1))));
  }
}

/**
 * acc += values, both bfloat16 before and acc float32 after: what is the root is not rounded. It begins where acc
 * does and needs twice its room, so it is written from back to front.
 */
export function addToRoot(acc: usize, values: usize, count: u32): void {
  const whole = count & ~7;
  for (let i = count; i > whole; i--) {
    const shift = (i - 1) << 1;
    store<f32>(acc + (shift << 1), widened(acc + shift) + widened(values + shift));
  }
  for (let i = whole; i > 0; i -= 8) {
    const shift = (i - 8) << 1;
    const to = acc + (shift << 1);
    const a = v128.load(acc + shift);
    const b = v128.load(values + shift);
    v128.store(to, f32x4.add(low(a), low(b)));
    v128.store(to, f32x4.add(high(a), high(b)), 16);
  }
}

/** Four of eight bfloat16 as float32. */
function low(eight: v128): v128 {
  return i32x4.shl(i32x4.extend_low_i16x8_u(eight), 16);
}

function high(eight: v128): v128 {
  return i32x4.shl(i32x4.extend_high_i16x8_u(eight), 16);
}

/** Eight float32 as bfloat16. */
function rounded(a: v128, b: v128): v128 {
  return i16x8.narrow_i32x4_u(i32x4.shr_u(roundedFour(a), 16), i32x4.shr_u(roundedFour(b), 16));
}

/** In the upper halves; the lower ones are left over. */
function roundedFour(values: v128): v128 {
  const lowest = v128.and(i32x4.shr_u(values, 16), i32x4.splat(1));
  const up = i32x4.add(i32x4.add(values, i32x4.splat(0x7fff)), lowest);
  return v128.or(up, f32x4.ne(values, values));
}

function roundedOne(value: f32): u16 {
  const bits = reinterpret<u32>(value);
  return value != value ? 0xffff : <u16>((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
}

function widened(at: usize): f32 {
  return reinterpret<f32>((<u32>load<u16>(at)) << 16);
}
