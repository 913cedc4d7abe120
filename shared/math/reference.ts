/**
 * A step's arithmetic as plain as it can be written: whole arrays, no chunks, no WebAssembly, Math.fround around
 * every operation.
 *
 * The kernels must give the same bits (a float64 operation that is rounded to float32 gives the bits of the
 * float32 operation, for + - * / and the square root: Figueroa 1995). It is what tests hold the exchange
 * against, and the place to read what a step computes.
 *
 * In a run on a bfloat16 wire every node below the root is rounded to bfloat16 where it is made; the root is not.
 *
 * P parameters, M micro-batches, B samples in the batch.
 */
import type { AdamScalars } from './kernels.ts';
import { chunkLength } from './layout.ts';
import type { Wire } from './node-values.ts';
import { childrenOf, type TreeNode } from './tree.ts';

const f = Math.fround;
const tileLength = 4096;
const laneCount = 16;

export interface ReferenceState {
  readonly parameters: Float32Array; // [P]
  readonly firstMoment: Float32Array; // [P]
  readonly secondMoment: Float32Array; // [P]
}

/**
 * One step: reduce, scale by 1 / B, L2, Adam.
 *
 * @param leaves [M][P], gradients summed over the samples of each micro-batch
 * @param l2 [P], coefficient c of each parameter's penalty c * p^2
 * @param wire what nodes below the root are rounded to
 */
export function referenceStep(
  state: ReferenceState,
  leaves: readonly Float32Array[],
  batchSize: number,
  l2: Float32Array,
  scalars: AdamScalars,
  wire: Wire = 'float32',
): ReferenceState {
  const round = wire === 'bfloat16' ? referenceBfloat16 : asItIs;
  const sum = referenceSum(leaves.map(referenceFinish), { first: 0, end: leaves.length }, round);
  const mean = sum.map((value) => f(value * f(1 / batchSize)));
  const gradient = mean.map((value, i) => {
    const coefficient = l2[i] ?? 0;
    return coefficient === 0 ? value : f(value + f(f(2 * coefficient) * (state.parameters[i] ?? 0)));
  });
  return referenceAdam(state, gradient, scalars);
}

/** Entries of magnitude below 2^-100 become 0; NaN stays. */
export function referenceFinish(leaf: Float32Array): Float32Array {
  return leaf.map((value) => (Math.abs(value) < 2 ** -100 ? 0 : value));
}

/**
 * The sum of the leaves of a node along the tree; the node itself is not rounded.
 * @param round what becomes of every node below it
 */
export function referenceSum(
  leaves: readonly Float32Array[],
  node: TreeNode,
  round: (values: Float32Array) => Float32Array = asItIs,
): Float32Array {
  if (node.end - node.first === 1) return leaves[node.first] ?? new Float32Array(0);
  const [left, right] = childrenOf(node).map((child) => round(referenceSum(leaves, child, round)));
  return (left ?? new Float32Array(0)).map((value, i) => f(value + (right?.[i] ?? 0)));
}

const asItIs = (values: Float32Array): Float32Array => values;

/** The nearest values whose lower 16 bits are 0, ties to even: adding just below half a step carries where due. */
export function referenceBfloat16(values: Float32Array): Float32Array {
  const bits = new Uint32Array(values.slice().buffer).map((word, i) =>
    Number.isNaN(values[i]) ? 0xffff0000 : (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000,
  );
  return new Float32Array(bits.buffer);
}

/** Kingma and Ba 2015, algorithm 1. */
export function referenceAdam(
  state: ReferenceState,
  gradient: Float32Array,
  scalars: AdamScalars,
): ReferenceState {
  const scale = f(scalars.gradientScale);
  const [beta1, rest1, correction1] = [f(scalars.beta1), f(1 - scalars.beta1), f(scalars.correction1)];
  const [beta2, rest2, correction2] = [f(scalars.beta2), f(1 - scalars.beta2), f(scalars.correction2)];
  const learningRate = f(scalars.learningRate);
  const epsilon = f(scalars.epsilon);
  const scaled = gradient.map((g) => f(g * scale));
  const firstMoment = state.firstMoment.map((m, i) => f(f(beta1 * m) + f(rest1 * (scaled[i] ?? 0))));
  const secondMoment = state.secondMoment.map((v, i) =>
    f(f(beta2 * v) + f(rest2 * f((scaled[i] ?? 0) * (scaled[i] ?? 0)))),
  );
  const parameters = state.parameters.map((p, i) => {
    const numerator = f(learningRate * f((firstMoment[i] ?? 0) * correction1));
    const root = f(Math.sqrt(f((secondMoment[i] ?? 0) * correction2)));
    return f(p - f(numerator / f(root + epsilon)));
  });
  return { parameters, firstMoment, secondMoment };
}

/** The sum of squares in float64, in the order of assembly/reduce.ts. */
export function referenceSquares(values: Float32Array): number {
  let sum = 0;
  for (let start = 0; start < values.length; start += chunkLength) {
    const chunk = values.subarray(start, start + chunkLength);
    let sumOfChunk = 0;
    for (let i = 0; i < chunk.length; i += tileLength) {
      sumOfChunk += squaresOfTile(chunk.subarray(i, i + tileLength));
    }
    sum += sumOfChunk;
  }
  return sum;
}

function squaresOfTile(tile: Float32Array): number {
  const lanes = new Float64Array(laneCount);
  const whole = tile.length - (tile.length % laneCount);
  tile
    .subarray(0, whole)
    .forEach((value, i) => (lanes[i % laneCount] = (lanes[i % laneCount] ?? 0) + value * value));
  const [even = 0, odd = 0] = [0, 1].map((parity) => {
    const pair = (k: number): number => lanes[2 * k + parity] ?? 0;
    return pair(0) + pair(4) + (pair(2) + pair(6)) + (pair(1) + pair(5) + (pair(3) + pair(7)));
  });
  return tile.subarray(whole).reduce((sum, value) => sum + value * value, even + odd);
}
