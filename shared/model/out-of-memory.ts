/**
 * A device that has no room left, told in one line that names a micro-batch which fits (memory.ts).
 *
 * Every runtime says it in words of its own: TensorFlow's allocators, V8's array buffers, WebAssembly's memory,
 * WebGPU's device. Only the micro-batch is the reader's to change without changing the model.
 */
import { LockstepError, runError } from '../errors.ts';
import { formatCount, formatNumber } from '../text.ts';
import { deviceMemory, fittingMicroBatch } from './memory.ts';
import type { ModelSizes } from './sizes.ts';

const signs =
  /OOM when allocating|out of (device )?memory|OutOfMemory|resource ?exhausted|memory access out of bounds|cannot enlarge memory|array buffer allocation failed|failed to allocate|CUBLAS_STATUS_ALLOC_FAILED/i;

/** Whether an error of a runtime says that there is no room left. */
export const isOutOfMemory = (error: unknown): boolean =>
  !(error instanceof LockstepError) &&
  signs.test(error instanceof Error ? `${error.name} ${error.message}` : '');

export interface OutOfMemory {
  readonly sizes: ModelSizes;
  readonly backend: string; // of the fingerprint
  readonly device: string; // likewise
  readonly isGpu: boolean; // memory of its own
  readonly microBatchSize: number; // that did not fit
  readonly batchSize: number;
  readonly limitBytes: number | null; // what there is; null where nobody knows
}

/** @returns the error that a person reads: exit code 1 */
export function outOfMemoryError(found: OutOfMemory): LockstepError {
  const { sizes, backend, device, isGpu, microBatchSize, batchSize, limitBytes } = found;
  const estimate = (size: number) => deviceMemory(sizes, size, backend, isGpu);
  const fits = fittingMicroBatch(estimate, batchSize, microBatchSize, limitBytes);
  const say = (size: number): string => `about ${formatNumber(estimate(size).totalBytes / 1e6)} MB`;
  const remedy =
    fits === null
      ? `no smaller one divides the batch of ${formatCount(batchSize)} and fits: take another batch or a smaller model`
      : `--micro-batch-size ${fits} needs ${say(fits)}`;
  return runError(
    `${device} (${backend}) is out of memory at a micro-batch of ${formatCount(microBatchSize)} rows, which needs ` +
      `${say(microBatchSize)}: ${remedy}`,
  );
}
