/** How many workers a box has where nobody says: one for each GPU that they can share out, else one for each core. */
import { availableParallelism } from 'node:os';
import { visibleGpus } from '../../shared/model/runtimes/device.ts';
import type { Config } from '../../shared/runtime/config.ts';

export function workerCountOf({ workers, runtime }: Pick<Config, 'workers' | 'runtime'>): number {
  if (workers !== null) return workers;
  if (runtime === 'webgpu') return 1; // which takes the GPU that Dawn prefers, as any other one would
  const gpus = visibleGpus(process.env).length;
  return gpus > 0 ? gpus : availableParallelism();
}
