/**
 * What a device needs for the gradient of a micro-batch, and which micro-batch fits into what it has.
 *
 * Fitted to the tensors that are alive at the peak of a gradient, counted by their buffers, for widths of 256 to
 * 2048, 100 to 3,000 components and 64 to 512 latents (test/model/memory.test.ts holds it against that count).
 * Allocators keep more than they were asked for: a quarter is added.
 */
import type { ModelSizes } from './sizes.ts';

export interface DeviceMemory {
  readonly parameterBytes: number; // parameters and the projection, which stay
  readonly gradientBytes: number; // kept until they are read
  readonly activationBytes: number; // of one micro-batch
  readonly totalBytes: number; // of these, and what allocators add
}

/** How a runtime goes about a gradient. */
interface Habit {
  readonly valuesOfNorm: number; // kept for each value of a batch-norm layer
  readonly gradients: number; // in units of 4P, at the peak
}

const fusedHabit: Habit = { valuesOfNorm: 3, gradients: 0.4 }; // read as soon as they are made
const onGpu: Habit = { valuesOfNorm: 3, gradients: 1.4 };
const composedHabit: Habit = { valuesOfNorm: 5, gradients: 2.4 };
const wideValues = 14; // of the widest layer, under way
const pixelValues = 3;
const featureValues = 23;
const latentValues = 32;
const allocatorShare = 1.25;
const bytesPerValue = 4;

/** @param backend of the fingerprint @param isGpu whether its memory is not the host's */
export function deviceMemory(
  sizes: ModelSizes,
  microBatchSize: number,
  backend: string,
  isGpu: boolean,
): DeviceMemory {
  const habit = backend !== 'tensorflow' ? composedHabit : isGpu ? onGpu : fusedHabit;
  const { parameterCount, frozenCount, featureCount, pixelCount, latentCount } = sizes;
  const projection = sizes.isProjected ? 2 * pixelCount * featureCount : 0; // there and back
  const values =
    habit.valuesOfNorm * sizes.normalisedValues +
    wideValues * sizes.widestLayer +
    pixelValues * pixelCount +
    featureValues * featureCount +
    latentValues * latentCount;
  const parameterBytes = bytesPerValue * (parameterCount + frozenCount + projection);
  const gradientBytes = bytesPerValue * habit.gradients * parameterCount;
  const activationBytes = bytesPerValue * values * microBatchSize;
  const totalBytes = allocatorShare * (parameterBytes + gradientBytes + activationBytes);
  return { parameterBytes, gradientBytes, activationBytes, totalBytes };
}

/**
 * The largest micro-batch below the one that failed which divides the batch and fits.
 * @param limitBytes what the device has; null where nobody knows: then three quarters of what failed must do
 * @returns null when none does
 */
export function fittingMicroBatch(
  estimate: (microBatchSize: number) => DeviceMemory,
  batchSize: number,
  failed: number,
  limitBytes: number | null,
): number | null {
  const limit = Math.min(limitBytes ?? Infinity, 0.75 * estimate(failed).totalBytes);
  for (let size = Math.min(failed - 1, batchSize); size >= 2; size--) {
    if (batchSize % size === 0 && estimate(size).totalBytes <= limit) return size;
  }
  return null;
}
