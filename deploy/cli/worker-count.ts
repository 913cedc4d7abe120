/** How many workers a box has where nobody says: one for each GPU, else one for each core. */
import { availableParallelism } from 'node:os';
import { visibleGpus } from '../../shared/model/runtimes/device.ts';
import type { Config } from '../../shared/runtime/config.ts';

export function workerCountOf({ workers }: Pick<Config, 'workers'>): number {
  if (workers !== null) return workers;
  const gpus = visibleGpus(process.env).length;
  return gpus > 0 ? gpus : availableParallelism();
}
