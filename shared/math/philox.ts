/**
 * Philox 4x32-10: random numbers from counters (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers:
 * as easy as 1, 2, 3").
 *
 * A block of four words is a pure function of (counter, key), so a draw can be repeated by anyone who knows
 * its name, in any order and on any machine: nothing has a state to lose. The kernels compute the same words
 * for large arrays; this file serves the few that are drawn one by one, and says who owns which counters.
 */
import assert from 'node:assert';
import type { PhiloxStream } from './kernels.ts';

export type Words4 = [number, number, number, number]; // uint32

/**
 * Who draws. Each has counters of its own, so that no two draws of a run are ever the same numbers.
 * Part of the format of a run: never renumber.
 */
export const domains = {
  initialise: 1, // parameter index
  permutation: 2, // epoch
  split: 3,
  statisticsRows: 4,
  pcaRows: 5,
  synthetic: 6, // image index
  eigen: 7, // eigenvector
  training: 16, // step, micro-batch, draw
  statistics: 17, // 0, micro-batch, draw
  evaluation: 18,
  pictures: 19,
} as const;
export type Domain = keyof typeof domains;

/** The counters of one draw: two words to name it within its domain, and a number below 2^24 for what is left. */
export function streamOf(domain: Domain, first = 0, second = 0, draw = 0): PhiloxStream {
  assert(draw >= 0 && draw < 2 ** 24, `draw ${draw} of ${domain}`);
  return [first >>> 0, second >>> 0, domains[domain] * 2 ** 24 + draw];
}

/** One block. @param counter four uint32 words @param key two */
export function philox4x32(counter: Readonly<Words4>, key: readonly [number, number]): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = highProduct(c0, 0xd2511f53);
    const low0 = Math.imul(c0, 0xd2511f53);
    const high1 = highProduct(c2, 0xcd9e8d57);
    const low1 = Math.imul(c2, 0xcd9e8d57);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/**
 * The words of a stream, one after another: word i is the one that the kernels call value i.
 * @param key1 the key's second word
 */
export function wordsOf(seed: number, [s0, s1, s2]: PhiloxStream, key1 = 0): () => number {
  let index = 0;
  let block: Words4 = [0, 0, 0, 0];
  return () => {
    const lane = index % 4;
    if (lane === 0) block = philox4x32([index / 4, s0, s1, s2], [seed, key1]);
    index++;
    return block[lane as 0 | 1 | 2 | 3];
  };
}

/** The numbers, uint32, that dropout compares with its rate: a byte of the stream, then 24 bits under another key. */
export function maskWordsOf(seed: number, stream: PhiloxStream): () => number {
  const nextWord = wordsOf(seed, stream);
  const nextRest = wordsOf(seed, stream, 1);
  let index = 0;
  let word = 0;
  return () => {
    const byte = index++ % 4;
    if (byte === 0) word = nextWord();
    return ((((word >>> (8 * byte)) & 0xff) << 24) | (nextRest() >>> 8)) >>> 0;
  };
}

/** The upper 32 bits of the product of two uint32, as an int32. */
function highProduct(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16); // below 2^32
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65_536) + (carry >>> 16)) | 0;
}
