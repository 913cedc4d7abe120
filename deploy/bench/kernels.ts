/**
 * The float kernels against memcpy of the same bytes.
 *
 * A kernel reads some arrays and writes some; memcpy that moves as many bytes (half of them read, half
 * written) is what the memory allows. What is compared with what stands in one table (`cases`). Arrays are
 * walked in chunks, as the exchange does, and are far larger than the caches together.
 */
import { crc32 } from 'node:zlib';
import { createKernels, type Kernels } from '../../shared/math/kernels.ts';
import { adamScalars } from '../../shared/math/adam.ts';
import { streamOf } from '../../shared/math/philox.ts';
import { defineBenchmark, type BenchTable, type Figure } from './benchmark.ts';
import { alternate, atLeast, figure, ratio, derive, type Side } from './rounds.ts';

const chunkValues = 2 ** 20;
const barOfMemcpy = 0.6;

/** One kernel over one chunk of each of four arrays, a b c d, and the values of float32 that it reads and writes. */
interface Case {
  readonly name: string;
  readonly touched: number; // arrays read plus arrays written; one of bfloat16 is half a one
  run(kernels: Kernels, offsets: Offsets, count: number, first: number): void;
}
type Offsets = Readonly<Record<'a' | 'b' | 'c' | 'd', number>>;

const scalars = adamScalars({ learningRate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, 0, 1);
const stream = streamOf('training');

const cases: readonly Case[] = [
  { name: 'add', touched: 3, run: (k, { a, b }, n) => k.add(a, b, n) },
  { name: 'Adam', touched: 7, run: (k, { a, b, c, d }, n) => k.adam(a, a, b, c, d, n, scalars) },
  { name: 'scale', touched: 2, run: (k, { a }, n) => void k.scale(a, n, 0.999) },
  { name: 'squares', touched: 1, run: (k, { a }, n) => void k.squares(a, n) },
  { name: 'finish leaf', touched: 2, run: (k, { a }, n) => void k.finishLeaf(a, n) },
  { name: 'to bfloat16', touched: 1.5, run: (k, { a, d }, n) => k.narrow(d, a, n) },
  { name: 'add, bfloat16', touched: 1.5, run: (k, { a, b }, n) => k.addBfloat16(a, b, n) },
  { name: 'add, bfloat16 to the root', touched: 2, run: (k, { b, d }, n) => k.addToRoot(d, b, n) },
  {
    name: 'CRC-32',
    touched: 1,
    run: (k, { a }, n) => void crc32(new Uint8Array(k.memory.buffer, a, n * 4)),
  },
  { name: 'words', touched: 1, run: (k, { d }, n, i) => k.words(d, n, 1, stream, i) },
  {
    name: 'dropout mask',
    touched: 1,
    run: (k, { d }, n, i) => k.dropoutMask(d, n, 1, stream, 0.2, i),
  },
  {
    name: 'uniform',
    touched: 1,
    run: (k, { d }, n, i) => k.uniform(d, n, 1, stream, 0, 1, i),
  },
  { name: 'normal', touched: 1, run: (k, { d }, n, i) => k.normal(d, n, 1, stream, 1, i) },
];

export const kernels = defineBenchmark({
  name: 'kernels',
  describe: 'The float kernels against memcpy of the same bytes',
  example: ['--parameters 1000000 --rounds 9', 'arrays that fit a cache'],
  flags: {
    parameters: { type: 'number', default: 48_500_000, describe: 'values of each array' },
  },
  async run({ rounds, clock, say }, { parameters: count }): Promise<BenchTable> {
    const memory = createKernels(4 * (count * 4 + 64));
    const offsets = allocate(memory, count);
    const seconds = (run: () => void): number => {
      const beganMs = clock.nowMs();
      run();
      return (clock.nowMs() - beganMs) / 1000;
    };
    const arrayBytes = count * 4;
    const sides = cases.map((each): Side => ({
      name: each.name,
      measure(round) {
        const timed = { copied: 0, took: 0 };
        const copy = (): void => void (timed.copied = seconds(() => copyChunks(memory, offsets, count)));
        const compute = (): void => void (timed.took = seconds(() => walk(each, memory, offsets, count)));
        for (const run of round % 2 === 0 ? [copy, compute] : [compute, copy]) run();
        const { copied, took } = timed;
        const memcpyRate = (2 * arrayBytes) / copied / 1e9;
        return {
          [each.name]: (each.touched * arrayBytes) / took / 1e9,
          [`memcpy by ${each.name}`]: memcpyRate,
        };
      },
    }));
    const series = await alternate(sides, { rounds, say });
    const memcpy = derive(
      cases.map(({ name }) => series[`memcpy by ${name}`] ?? []),
      (...rates) => Math.max(...rates),
    );
    const figures: Figure[] = [figure('memcpy, read and written', 'GB/s', memcpy)];
    for (const { name } of cases) {
      figures.push(figure(name, 'GB/s', series[name] ?? []));
      figures.push(
        ratio(`  of memcpy`, series[name] ?? [], series[`memcpy by ${name}`] ?? [], atLeast(barOfMemcpy)),
      );
    }
    const notes = [
      "GB/s count what a kernel reads and what it writes. CRC-32 is zlib's; draws (words to normal) are " +
        'bound by arithmetic: some 60 operations a value where memcpy has none.',
    ];
    return { name: 'kernels', settings: { parameters: count }, figures, breakdowns: [], notes };
  },
});

function allocate(memory: Kernels, count: number): Offsets {
  const filled = (): number => {
    const offset = memory.allocate(count * 4);
    memory.float32(offset, count).fill(0.001);
    return offset;
  };
  return { a: filled(), b: filled(), c: filled(), d: filled() };
}

function walk({ run }: Case, memory: Kernels, offsets: Offsets, count: number): void {
  for (let first = 0; first < count; first += chunkValues) {
    const { a, b, c, d } = offsets;
    const shift = first * 4;
    run(
      memory,
      { a: a + shift, b: b + shift, c: c + shift, d: d + shift },
      Math.min(chunkValues, count - first),
      first,
    );
  }
}

/** d becomes c, chunk after chunk; the draws leave new values in d. */
function copyChunks(memory: Kernels, { c, d }: Offsets, count: number): void {
  for (let first = 0; first < count; first += chunkValues) {
    const length = Math.min(chunkValues, count - first);
    memory.float32(d + first * 4, length).set(memory.float32(c + first * 4, length));
  }
}
