/**
 * The size of a micro-batch: the unit of work and of batch normalisation, so it never depends on the cluster.
 *
 * It divides the batch, has at least two samples (batch normalisation needs a variance) and by default at most
 * 500 (memory, and enough of them to share out).
 */
import { usageError } from '../errors.ts';

export const largestDefaultMicroBatch = 500;
const smallestMicroBatch = 2;

/** The largest divisor of the batch size from 2 to 500. @throws LockstepError (64), naming sizes that have one */
export function defaultMicroBatchSize(batchSize: number): number {
  const size = largestUnit(batchSize);
  if (size !== null) return size;
  const near = [nextWithUnit(batchSize, -1), nextWithUnit(batchSize, 1)].filter((each) => each !== null);
  throw usageError(
    `--batch-size ${batchSize} has no divisor from ${smallestMicroBatch} to ${largestDefaultMicroBatch}, ` +
      `so it cannot be cut into micro-batches: use ${near.join(' or ')}, or set --micro-batch-size`,
  );
}

/**
 * One micro-batch size for all trials of a sweep, so that batch normalisation is the same in each: the largest
 * common divisor of the sizes, at most 500, that leaves every size at least two micro-batches.
 * @throws LockstepError (64) when there is none
 */
export function commonMicroBatchSize(batchSizes: readonly number[]): number {
  const divisor = batchSizes.reduce(greatestCommonDivisor);
  const largest = Math.min(largestDefaultMicroBatch, Math.floor(Math.min(...batchSizes) / 2));
  for (let size = largest; size >= smallestMicroBatch; size--) {
    if (divisor % size === 0) return size;
  }
  throw usageError(
    `the batch sizes ${batchSizes.join(', ')} have no common divisor from ${smallestMicroBatch} to ` +
      `${largestDefaultMicroBatch} that leaves each at least two micro-batches: ` +
      `choose multiples of one number, such as 100, and each at least twice as large`,
  );
}

/** @throws LockstepError (64) unless micro-batches of this size fill the batch */
export function checkMicroBatchSize(batchSize: number, microBatchSize: number): void {
  if (microBatchSize >= smallestMicroBatch && batchSize % microBatchSize === 0) return;
  const near = nearestDivisors(batchSize, microBatchSize);
  throw usageError(
    `--micro-batch-size ${microBatchSize} does not fit --batch-size ${batchSize}: ` +
      `it must divide it and be at least ${smallestMicroBatch}, such as ${near.join(' or ')}`,
  );
}

function largestUnit(batchSize: number): number | null {
  for (let size = Math.min(largestDefaultMicroBatch, batchSize); size >= smallestMicroBatch; size--) {
    if (batchSize % size === 0) return size;
  }
  return null;
}

/** The next batch size in a direction that can be cut; every even number can. */
function nextWithUnit(batchSize: number, direction: 1 | -1): number | null {
  for (let size = batchSize + direction; size >= smallestMicroBatch; size += direction) {
    if (largestUnit(size) !== null) return size;
  }
  return null;
}

/** The divisors of the batch size next to a wanted one, below and above; the batch size itself is one. */
function nearestDivisors(batchSize: number, wanted: number): number[] {
  const fits = (size: number): boolean => batchSize % size === 0;
  const found: number[] = [];
  for (let size = Math.min(wanted, batchSize); size >= smallestMicroBatch; size--) {
    if (fits(size)) {
      found.push(size);
      break;
    }
  }
  for (let size = Math.max(wanted + 1, smallestMicroBatch); size <= batchSize; size++) {
    if (fits(size)) {
      found.push(size);
      break;
    }
  }
  return found;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
