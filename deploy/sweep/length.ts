/** How many updates and epochs a configuration asks for. */
import type { Config } from '../../shared/runtime/config.ts';

/**
 * @param trainingRows N
 * @param samplesPerSecond for what is bounded by time; null where it is not known
 * @returns null where only the losses decide, or a time bounds it and the rate is not known
 */
export function endOfEpochs(
  { batchSize, epochs, steps, maxSeconds, stopOn }: Config,
  trainingRows: number,
  samplesPerSecond: number | null,
): { readonly steps: number; readonly epochs: number } | null {
  const most = steps ?? Math.ceil(((epochs ?? 0) * trainingRows) / batchSize);
  const of = (count: number) => ({ steps: count, epochs: (count * batchSize) / trainingRows });
  if (maxSeconds !== null) {
    if (samplesPerSecond === null) return null;
    return of(Math.min(most, Math.ceil((maxSeconds * samplesPerSecond) / batchSize)));
  }
  return stopOn === 'none' ? of(most) : null;
}
