/** Philox against the known answers of its authors, and the kernels against the plain JavaScript. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createKernels } from '../../shared/math/kernels.ts';
import { domains, philox4x32, streamOf, wordsOf, type Words4 } from '../../shared/math/philox.ts';

// philox4x32 with 10 rounds, from kat_vectors of Random123: counter, key, answer
const knownAnswers: readonly (readonly [Words4, readonly [number, number], Words4])[] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

test('the known answers of Random123 come out', () => {
  for (const [counter, key, answer] of knownAnswers) assert.deepEqual(philox4x32(counter, key), answer);
});

test('the kernels give the words of the plain JavaScript, at any first value and length', () => {
  const kernels = createKernels(2 ** 16);
  const room = kernels.allocate(4 * 9000);
  const word = fc.nat(0xffffffff);
  fc.assert(
    fc.property(
      word,
      fc.tuple(word, word, word),
      fc.nat(70),
      fc.integer({ min: 1, max: 9000 }),
      (seed, stream, first, count) => {
        kernels.words(room, count, seed, stream, first);
        const next = wordsOf(seed, stream);
        for (let i = 0; i < first; i++) next();
        const expected = Uint32Array.from({ length: count }, () => next());
        assert.deepEqual(new Uint32Array(kernels.memory.buffer, room, count), expected);
      },
    ),
    { numRuns: 40 },
  );
});

test('a first value beyond 2^32 counts blocks, not values', () => {
  const kernels = createKernels(1024);
  const room = kernels.allocate(64);
  const first = 2 ** 33 + 4;
  kernels.words(room, 4, 5, [6, 7, 8], first);
  const expected = Uint32Array.from(philox4x32([first / 4, 6, 7, 8], [5, 0]));
  assert.deepEqual(new Uint32Array(kernels.memory.buffer, room, 4), expected);
});

test('draws of different name have different counters', () => {
  const names = Object.keys(domains) as (keyof typeof domains)[];
  const streams = names.flatMap((domain) => [
    streamOf(domain),
    streamOf(domain, 1),
    streamOf(domain, 0, 1),
    streamOf(domain, 0, 0, 1),
    streamOf(domain, 0, 0, 2 ** 24 - 1),
  ]);
  assert.equal(new Set(streams.map(String)).size, streams.length);
  assert.throws(() => streamOf('training', 0, 0, 2 ** 24), /draw 16777216 of training/);
});
