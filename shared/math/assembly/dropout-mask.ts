/**
 * Dropout masks from counters: exactly Bernoulli at 32 bits, for little more than 8 bits a value.
 *
 * A value is dropped where a 32-bit number is below the threshold. The number's upper byte is byte i of the
 * stream under the key (seed, 0), and decides alone unless it equals the threshold's, one time in 256. Only
 * then is the rest looked at: the upper 24 bits of word i of the same stream under the key (seed, 1).
 */
import { philox } from './random';

const groupLength: u32 = 64; // values, whose bytes are four blocks
const tileLength: u32 = 1024;
const bytes = memory.data(1024, 16); // of a tile
const ragged = memory.data(256, 16); // values of one group, for the ragged ends of an array
const rest = memory.data(64, 16); // four blocks under the other key

export function fillDropoutMask(
  out: usize,
  count: u32,
  first: f64,
  seed: u32,
  s0: u32,
  s1: u32,
  s2: u32,
  threshold: u32,
  kept: f32,
): void {
  let done: u32 = 0;
  while (done < count) {
    const at = <u64>first + <u64>done;
    const group = at >> 6;
    const skipped = (<u32>at) & (groupLength - 1);
    const left = count - done;
    const isRagged = skipped != 0 || left < groupLength;
    const groupCount = isRagged ? 1 : min(left, tileLength) / groupLength;
    const target = out + ((<usize>done) << 2);
    philox(bytes, groupCount, (<u32>group) << 2, seed, 0, s0, s1, s2);
    expand(isRagged ? ragged : target, groupCount, group << 6, seed, s0, s1, s2, threshold, kept);
    const length = isRagged ? min(groupLength - skipped, left) : groupCount * groupLength;
    if (isRagged) memory.copy(target, ragged + (skipped << 2), length << 2);
    done += length;
  }
}

/** Turns the bytes of a tile into values, sixteen at a time. */
function expand(
  out: usize,
  groupCount: u32,
  first: u64,
  seed: u32,
  s0: u32,
  s1: u32,
  s2: u32,
  threshold: u32,
  kept: f32,
): void {
  const high = i8x16.splat(<i8>(threshold >> 24));
  const value = f32x4.splat(kept);
  for (let vector: u32 = 0; vector < 4 * groupCount; vector++) {
    const at = v128.load(bytes + (vector << 4));
    const to = out + (vector << 6);
    const keep = i8x16.gt_u(at, high);
    const low8 = i16x8.extend_low_i8x16_s(keep);
    const high8 = i16x8.extend_high_i8x16_s(keep);
    v128.store(to, v128.and(i32x4.extend_low_i16x8_s(low8), value));
    v128.store(to, v128.and(i32x4.extend_high_i16x8_s(low8), value), 16);
    v128.store(to, v128.and(i32x4.extend_low_i16x8_s(high8), value), 32);
    v128.store(to, v128.and(i32x4.extend_high_i16x8_s(high8), value), 48);
    let undecided = <u32>i8x16.bitmask(i8x16.eq(at, high));
    while (undecided != 0) {
      const lane = ctz(undecided);
      undecided &= undecided - 1;
      const word = restOf(first + <u64>((vector << 4) + lane), seed, s0, s1, s2) >> 8;
      store<f32>(to + (lane << 2), word >= (threshold & 0xffffff) ? kept : 0);
    }
  }
}

/** Word i of the stream under the key (seed, 1). */
function restOf(i: u64, seed: u32, s0: u32, s1: u32, s2: u32): u32 {
  philox(rest, 1, <u32>(i >> 2), seed, 1, s0, s1, s2);
  return load<u32>(rest + (((<u32>i) & 3) << 2));
}
