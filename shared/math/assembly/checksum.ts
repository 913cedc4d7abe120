/**
 * A checksum of bulk data at the speed of the memory, against damage by chance (not by intent: that is CURVE's).
 *
 * Sixteen lanes of 32 bits each take every sixteenth word: lane = rotate(lane xor word, 13) * p, as the rounds of
 * xxHash32 do. A round is one-to-one in the word as well as in the lane, so a change within one word always
 * changes its lane, and stays; other damage goes unseen with a chance of 2^-32.
 */

const prime1: i32 = 0x9e3779b1; // of xxHash
const prime2: i32 = 0x85ebca77;

/** Takes in whole rows of 64 bytes. @param state 64 bytes: sixteen lanes, overwritten */
export function checksumRows(state: usize, data: usize, byteCount: u32): void {
  const factor = i32x4.splat(prime1);
  let a = v128.load(state);
  let b = v128.load(state, 16);
  let c = v128.load(state, 32);
  let d = v128.load(state, 48);
  const end = data + byteCount;
  for (let at = data; at < end; at += 64) {
    a = v128.xor(a, v128.load(at));
    b = v128.xor(b, v128.load(at, 16));
    c = v128.xor(c, v128.load(at, 32));
    d = v128.xor(d, v128.load(at, 48));
    a = i32x4.mul(v128.or(i32x4.shl(a, 13), i32x4.shr_u(a, 19)), factor);
    b = i32x4.mul(v128.or(i32x4.shl(b, 13), i32x4.shr_u(b, 19)), factor);
    c = i32x4.mul(v128.or(i32x4.shl(c, 13), i32x4.shr_u(c, 19)), factor);
    d = i32x4.mul(v128.or(i32x4.shl(d, 13), i32x4.shr_u(d, 19)), factor);
  }
  v128.store(state, a);
  v128.store(state, b, 16);
  v128.store(state, c, 32);
  v128.store(state, d, 48);
}

/** The lanes as one word, with the number of bytes that they have taken in. */
export function checksumEnd(state: usize, byteCount: u32): u32 {
  let sum: u32 = byteCount;
  for (let lane: u32 = 0; lane < 16; lane++) {
    sum = rotl<u32>(sum ^ load<u32>(state + (lane << 2)), 17) * <u32>prime2;
  }
  sum = (sum ^ (sum >>> 15)) * <u32>prime1;
  return sum ^ (sum >>> 13);
}
