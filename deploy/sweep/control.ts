/**
 * The control of a sweep: one batch size again at another micro-batch size. All else is equal, so what differs
 * between the two is the effect of batch normalisation's groups, to be held beside the effect of the batch.
 *
 * The largest batch is taken, which is the cheapest to repeat (fewest updates) and has the widest choice.
 */
import { largestDefaultMicroBatch } from '../../shared/math/batch.ts';

export interface Control {
  readonly batchSize: number;
  readonly microBatchSize: number;
}

const distance = 4; // of the sizes, at least, where there is a choice

/**
 * @param unit micro-batch size of the sweep
 * @returns null where no batch can be cut in another way
 */
export function chooseControl(batchSizes: readonly number[], unit: number): Control | null {
  for (const batchSize of [...batchSizes].sort((a, b) => b - a)) {
    const microBatchSize = otherUnit(batchSize, unit);
    if (microBatchSize !== null) return { batchSize, microBatchSize };
  }
  return null;
}

/** The largest one far above the unit, else the largest far below, else any other; always two micro-batches. */
function otherUnit(batchSize: number, unit: number): number | null {
  const most = Math.min(largestDefaultMicroBatch, Math.floor(batchSize / 2));
  const sizes = Array.from({ length: Math.max(0, most - 1) }, (_, index) => most - index).filter(
    (size) => batchSize % size === 0 && size !== unit,
  );
  return (
    sizes.find((size) => size >= distance * unit) ??
    sizes.find((size) => size * distance <= unit) ??
    sizes[0] ??
    null
  );
}
