/**
 * Float kernels over one WebAssembly memory, compiled from AssemblyScript (assembly/index.ts).
 *
 * Every array that the exchange touches lives in one memory; arguments are byte offsets into it, and counts
 * are in values. Every float32 operation rounds once, like Math.fround around each operation, so that plain
 * JavaScript can check each bit. No relaxed SIMD: the same bits on any CPU.
 */

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
  readonly finite: boolean;
}

export interface Kernels {
  readonly memory: WebAssembly.Memory;
  /** Reserves room, 64-byte aligned; throws RangeError with the sizes when the memory is full. @returns offset */
  allocate(bytes: number): number;
  float32(offset: number, count: number): Float32Array; // a view
  float64(offset: number, count: number): Float64Array;
  /** acc += values, float32. */
  add(acc: number, values: number, count: number): void;
  /** acc += values, float64. */
  add64(acc: number, values: number, count: number): void;
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
  /** Uniform in [low, high) from Philox 4x32-10; value i depends on (seed, stream, firstValue + i) alone. */
  uniform(out: number, count: number, seed: number, stream: PhiloxStream, low: number, high: number, firstValue?: number): void;
  /** Standard normal times `deviation`, by Box and Muller. */
  normal(out: number, count: number, seed: number, stream: PhiloxStream, deviation: number, firstValue?: number): void;
  /** Inverted dropout: 0 with probability `rate`, else 1 / (1 - rate), exactly Bernoulli at 32 bits. */
  dropoutMask(out: number, count: number, seed: number, stream: PhiloxStream, rate: number, firstValue?: number): void;
}

/** Three words of the counter; the fourth counts blocks of four values. The seed is the key. */
export type PhiloxStream = readonly [number, number, number];
