/**
 * Which rows are used when: the held-out split, the endless stream of training rows, and the fixed choices of
 * rows for batch-norm statistics and principal components.
 *
 * The training rows form one endless stream: epoch 0's permutation, then epoch 1's, and so on. Step s takes
 * positions [s B, (s + 1) B), so there is no remainder, nothing is dropped, and every row is used equally
 * often. What a micro-batch holds is a pure function of (seed, step, micro-batch): any worker can find its
 * rows by itself.
 *
 * N training rows, B batch, b micro-batch.
 */
import assert from 'node:assert';
import { usageError } from '../errors.ts';
import { permutation } from './permutation.ts';
import { streamOf } from './philox.ts';

export interface Split {
  readonly training: Uint32Array; // row indices, ascending
  readonly heldOut: Uint32Array;
}

export interface SplitSettings {
  readonly rowCount: number;
  readonly heldOutFraction: number; // of all rows
  readonly trainFraction: number; // of the rows that are not held out
  readonly splitSeed: number;
}

/**
 * Depends on the number of rows and `splitSeed`, never on the seed of a run: runs that differ in their seed
 * are judged on the same rows. A smaller `trainFraction` takes a subset of a greater one's rows.
 * @throws LockstepError (64) when no training row is left
 */
export function createSplit({ rowCount, heldOutFraction, trainFraction, splitSeed }: SplitSettings): Split {
  const order = permutation(rowCount, splitSeed, streamOf('split'));
  const heldOutCount = Math.round(rowCount * heldOutFraction);
  const trainingCount = Math.round((rowCount - heldOutCount) * trainFraction);
  if (trainingCount === 0) {
    throw usageError(
      `of ${rowCount} rows none is left to train on: ` +
        `lower --held-out-fraction (${heldOutFraction}) or raise --train-fraction (${trainFraction})`,
    );
  }
  return {
    heldOut: order.slice(0, heldOutCount).sort(),
    training: order.slice(heldOutCount, heldOutCount + trainingCount).sort(),
  };
}

export interface StreamSettings {
  readonly rows: Uint32Array; // [N], the training rows
  readonly seed: number;
  readonly batchSize: number; // B
  readonly microBatchSize: number; // b, a divisor of B
}

export interface RowStream {
  readonly microBatchCount: number; // B / b
  /** Row indices of a training micro-batch. @param out [b], overwritten */
  rowsOf(step: number, microBatch: number, out: Uint32Array): void;
  /** Row indices of a micro-batch for batch-norm statistics: the same at every step. @param out [b], overwritten */
  statisticsRows(microBatch: number, out: Uint32Array): void;
  /** Whole micro-batches in at most `rowLimit` rows and one pass; at least one. */
  statisticsCount(rowLimit: number): number;
  /** Epoch of the step's first row. */
  epochOf(step: number): number;
  /** Steps that see every row at least `epochs` times. */
  stepsOfEpochs(epochs: number): number;
  /** The step with which an epoch ends: the first whose last row reaches the epoch's. */
  lastStepOfEpoch(epoch: number): number;
}

export function createStream({ rows, seed, batchSize, microBatchSize }: StreamSettings): RowStream {
  assert(rows.length > 0, 'a stream of no rows');
  assert(batchSize % microBatchSize === 0, `micro-batches of ${microBatchSize} in a batch of ${batchSize}`);
  const rowCount = rows.length;
  const orderOf = lastTwo((epoch) => permutation(rowCount, seed, streamOf('permutation', epoch)));
  const statisticsOrder = once(() => permutation(rowCount, seed, streamOf('statisticsRows')));
  return {
    microBatchCount: batchSize / microBatchSize,
    rowsOf(step, microBatch, out) {
      assert(out.length === microBatchSize, `room for ${out.length} rows of ${microBatchSize}`);
      const start = step * batchSize + microBatch * microBatchSize;
      for (let i = 0; i < out.length; i++) {
        const epoch = Math.floor((start + i) / rowCount);
        out[i] = rows[orderOf(epoch)[start + i - epoch * rowCount] ?? 0] ?? 0;
      }
    },
    statisticsRows(microBatch, out) {
      const order = statisticsOrder();
      for (let i = 0; i < out.length; i++) {
        out[i] = rows[order[(microBatch * microBatchSize + i) % rowCount] ?? 0] ?? 0;
      }
    },
    statisticsCount: (rowLimit) => Math.max(1, Math.floor(Math.min(rowLimit, rowCount) / microBatchSize)),
    epochOf: (step) => Math.floor((step * batchSize) / rowCount),
    stepsOfEpochs: (epochs) => Math.ceil((epochs * rowCount) / batchSize),
    lastStepOfEpoch: (epoch) => Math.ceil(((epoch + 1) * rowCount) / batchSize) - 1,
  };
}

/** The training rows that the principal components see: all, or a seeded choice of `limit`, ascending. */
export function pcaRows(training: Uint32Array, limit: number, splitSeed: number): Uint32Array {
  if (training.length <= limit) return training;
  const order = permutation(training.length, splitSeed, streamOf('pcaRows'));
  return order
    .subarray(0, limit)
    .map((index) => training[index] ?? 0)
    .sort();
}

/** Remembers the values of the two latest arguments: a step may lie across the end of an epoch. */
function lastTwo<T>(compute: (argument: number) => T): (argument: number) => T {
  let latest: readonly [number, T] | undefined;
  let before: readonly [number, T] | undefined;
  return (argument) => {
    if (latest?.[0] === argument) return latest[1];
    const found = before?.[0] === argument ? before : ([argument, compute(argument)] as const);
    before = latest;
    latest = found;
    return found[1];
  };
}

function once<T>(compute: () => T): () => T {
  let value: { readonly computed: T } | undefined;
  return () => (value ??= { computed: compute() }).computed;
}
