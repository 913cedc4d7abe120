/**
 * Float kernels over one WebAssembly memory, compiled from AssemblyScript (assembly/index.ts).
 *
 * Every array that the exchange touches lives in one memory; arguments are byte offsets into it, and counts
 * are in values. Every float32 operation rounds once, like Math.fround around each operation, so that plain
 * JavaScript can check each bit. No relaxed SIMD: the same bits on any CPU.
 */
import assert from 'node:assert';
import { readInPlace } from './checksum.ts';
import { kernelsModule } from './kernels-module.ts';

/** What Adam needs beyond arrays; all float32 but where stated. Kingma and Ba 2015, algorithm 1. */
export interface AdamScalars {
  readonly gradientScale: number; // clip factor; 1 for none
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly correction1: number; // 1 / (1 - beta1^t)
  readonly correction2: number; // 1 / (1 - beta2^t)
}

export interface SumCheck {
  readonly squares: number; // float64
  /** No infinity, no NaN, and squares that float32 can hold, so that Adam's second moment stays finite too. */
  readonly finite: boolean;
}

export interface Kernels {
  readonly memory: WebAssembly.Memory;
  /** Reserves room, 64-byte aligned; throws RangeError with the sizes when the memory is full. @returns offset */
  allocate(bytes: number): number;
  float32(offset: number, count: number): Float32Array; // a view
  float64(offset: number, count: number): Float64Array;
  bfloat16(offset: number, count: number): Uint16Array; // by their bits
  /** acc += values, float32. */
  add(acc: number, values: number, count: number): void;
  /** acc += values, float64. */
  add64(acc: number, values: number, count: number): void;
  /**
   * out = values, rounded from float32 to the nearest bfloat16, ties to even; too large is infinite, NaN stays NaN.
   * `out` may be `values`: then the result lies in the lower half of their room.
   */
  narrow(out: number, values: number, count: number): void;
  /** acc += values, bfloat16: added in float32, then rounded as `narrow` does. */
  addBfloat16(acc: number, values: number, count: number): void;
  /** acc += values, both bfloat16; afterwards acc is float32, in twice the room. */
  addToRoot(acc: number, values: number, count: number): void;
  /**
   * Makes a leaf fit for the tree: entries of magnitude below 2^-100 become 0, so that no sum along the tree
   * is ever subnormal, and devices that flush subnormals to zero sum to the same bits.
   */
  finishLeaf(values: number, count: number): SumCheck;
  /** values *= scale. @returns the sum of squares of the scaled values, in float64, and whether all are finite */
  scale(values: number, count: number, scale: number): SumCheck;
  /** values += coefficient * other: the gradient of an L2 penalty. */
  addScaled(values: number, other: number, count: number, coefficient: number): void;
  squares(values: number, count: number): SumCheck;
  /** Adam with bias correction; `out` may equal `parameters`. Overwrites out and both moments. */
  adam(
    out: number,
    parameters: number,
    firstMoment: number,
    secondMoment: number,
    gradient: number,
    count: number,
    scalars: AdamScalars,
  ): void;
  /** Raw words of Philox 4x32-10, as uint32 bits: what the three distributions below are made of. */
  words(out: number, count: number, seed: number, stream: PhiloxStream, firstValue?: number): void;
  /** Uniform in [low, high) from Philox 4x32-10; value i depends on (seed, stream, firstValue + i) alone. */
  uniform(
    out: number,
    count: number,
    seed: number,
    stream: PhiloxStream,
    low: number,
    high: number,
    firstValue?: number,
  ): void;
  /** Standard normal times `deviation`, by Box and Muller. */
  normal(
    out: number,
    count: number,
    seed: number,
    stream: PhiloxStream,
    deviation: number,
    firstValue?: number,
  ): void;
  /** Inverted dropout: 0 with probability `rate`, else 1 / (1 - rate), exactly Bernoulli at 32 bits. */
  dropoutMask(
    out: number,
    count: number,
    seed: number,
    stream: PhiloxStream,
    rate: number,
    firstValue?: number,
  ): void;
}

/** Three words of the counter; the fourth counts blocks of four values. The seed is the key. */
export type PhiloxStream = readonly [number, number, number];

/** What assembly/index.ts exports, seen from JavaScript: offsets, counts and float32 are plain numbers. */
interface KernelExports {
  add(acc: number, values: number, count: number): void;
  add64(acc: number, values: number, count: number): void;
  narrow(out: number, values: number, count: number): void;
  addBfloat16(acc: number, values: number, count: number): void;
  addToRoot(acc: number, values: number, count: number): void;
  finishLeaf(values: number, count: number): number;
  scale(values: number, count: number, factor: number): number;
  addScaled(values: number, other: number, count: number, coefficient: number): void;
  squares(values: number, count: number): number;
  adam(...offsetsCountAndScalars: readonly number[]): void;
  fillWords(...range: FillRange): void;
  fillUniform(...arguments_: [...range: FillRange, low: number, range: number, largest: number]): void;
  fillNormal(...arguments_: [...range: FillRange, deviation: number]): void;
  fillDropoutMask(...arguments_: [...range: FillRange, threshold: number, kept: number]): void;
}

type FillRange = [
  out: number,
  count: number,
  first: number,
  seed: number,
  s0: number,
  s1: number,
  s2: number,
];

const pageBytes = 65_536;
const moduleBytes = pageBytes; // the module's own data: the first page
const alignmentBytes = 64;
const memoryLimitBytes = 2 ** 32;
const largestFloat32 = 3.4028234663852886e38;

/**
 * Kernels over a memory of their own.
 *
 * @param bytes room for `allocate`, all of it reserved (not touched) at once; at most 4 GiB less 64 KiB
 * @throws RangeError when the room is too large for one memory, or the machine refuses it
 */
export function createKernels(bytes: number, wasm: WebAssembly.Module = kernelsModule()): Kernels {
  const pages = Math.ceil((moduleBytes + bytes) / pageBytes);
  if (pages * pageBytes > memoryLimitBytes) {
    throw new RangeError(`${bytes} bytes of arrays, where one WebAssembly memory holds at most 4 GiB`);
  }
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const instance = new WebAssembly.Instance(wasm, { env: { memory } });
  const compiled = instance.exports as unknown as KernelExports;
  readInPlace(memory, instance);
  return {
    memory,
    ...arraysOf(memory),
    add: compiled.add,
    add64: compiled.add64,
    narrow: compiled.narrow,
    addBfloat16: compiled.addBfloat16,
    addToRoot: compiled.addToRoot,
    addScaled: compiled.addScaled,
    finishLeaf: (values, count) => checked(compiled.finishLeaf(values, count)),
    scale: (values, count, factor) => checked(compiled.scale(values, count, factor)),
    squares: (values, count) => checked(compiled.squares(values, count)),
    adam: (out, parameters, firstMoment, secondMoment, gradient, count, scalars) =>
      compiled.adam(out, parameters, firstMoment, secondMoment, gradient, count, ...adamArguments(scalars)),
    ...randomOf(compiled),
  };
}

/** The order in which the kernel takes its scalars. 1 - beta is taken in float64, then rounded once. */
function adamArguments(scalars: AdamScalars): readonly number[] {
  const { gradientScale, learningRate, beta1, beta2, epsilon, correction1, correction2 } = scalars;
  return [gradientScale, learningRate, beta1, 1 - beta1, beta2, 1 - beta2, epsilon, correction1, correction2];
}

const checked = (squares: number): SumCheck => ({ squares, finite: squares <= largestFloat32 });

type ViewName = 'float32' | 'float64' | 'bfloat16';

function arraysOf(memory: WebAssembly.Memory): Pick<Kernels, 'allocate' | ViewName> {
  const limit = memory.buffer.byteLength;
  let end = moduleBytes;
  return {
    allocate(bytes) {
      const offset = end;
      const next = offset + Math.ceil(bytes / alignmentBytes) * alignmentBytes;
      if (next > limit) {
        throw new RangeError(`${bytes} bytes were asked for, ${limit - offset} of ${limit} are free`);
      }
      end = next;
      return offset;
    },
    float32: (offset, count) => new Float32Array(memory.buffer, offset, count),
    float64: (offset, count) => new Float64Array(memory.buffer, offset, count),
    bfloat16: (offset, count) => new Uint16Array(memory.buffer, offset, count),
  };
}

function randomOf(compiled: KernelExports): Pick<Kernels, 'words' | 'uniform' | 'normal' | 'dropoutMask'> {
  return {
    words(out, count, seed, stream, firstValue = 0) {
      compiled.fillWords(...fillRange(out, count, seed, stream, firstValue));
    },
    uniform(out, count, seed, stream, low, high, firstValue = 0) {
      assert(low < high, `uniform in [${low}, ${high})`);
      const range = fillRange(out, count, seed, stream, firstValue);
      compiled.fillUniform(...range, low, high - low, largestBelow(high));
    },
    normal(out, count, seed, stream, deviation, firstValue = 0) {
      compiled.fillNormal(...fillRange(out, count, seed, stream, firstValue), deviation);
    },
    dropoutMask(out, count, seed, stream, rate, firstValue = 0) {
      assert(rate >= 0 && rate < 1, `dropout at a rate of ${rate}`);
      const threshold = Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);
      compiled.fillDropoutMask(...fillRange(out, count, seed, stream, firstValue), threshold, 1 / (1 - rate));
    },
  };
}

function fillRange(
  out: number,
  count: number,
  seed: number,
  [s0, s1, s2]: PhiloxStream,
  firstValue: number,
): FillRange {
  assert(firstValue >= 0 && firstValue + count <= 2 ** 34, 'a stream has 2^34 values');
  return [out, count, firstValue, seed, s0, s1, s2];
}

/** The largest float32 below `high`. */
function largestBelow(high: number): number {
  const float = new Float32Array([high]);
  const bits = new Int32Array(float.buffer);
  const rounded = float[0] ?? 0;
  if (rounded < high) return rounded;
  if (rounded === 0) return -(2 ** -149);
  bits[0] = (bits[0] ?? 0) + (rounded > 0 ? -1 : 1);
  return float[0] ?? 0;
}
