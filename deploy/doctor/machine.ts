/** What the machine is: looked up, not judged. */
import { statfsSync } from 'node:fs';
import { availableParallelism, cpus, freemem, release, totalmem } from 'node:os';
import { visibleGpus, type Gpu } from '../../shared/model/runtimes/device.ts';
import { packageVersion } from '../cli/version.ts';
import type { Paths } from '../setup/paths.mjs';

export interface Machine {
  readonly lockstep: string;
  readonly node: string;
  readonly system: string; // such as `linux x64 6.1.0`
  readonly processor: string;
  readonly cores: number; // that this process may use
  readonly memoryBytes: number; // of the machine, or of the control group that holds this process
  readonly freeMemoryBytes: number;
  readonly gpus: readonly Pick<Gpu, 'name' | 'driver'>[];
  readonly cacheFolder: string;
  readonly freeDiskBytes: number; // where the caches are
  readonly runsFolder: string;
  readonly freeRunsBytes: number; // where runs are written
}

/** @param paths of the set-up */
export function lookAtMachine({ root, cache, environment }: Paths, workingFolder: string): Machine {
  const limit = process.constrainedMemory(); // 0 or absurd without a limit
  const total = totalmem();
  const isLimited = limit > 0 && limit < total;
  return {
    lockstep: packageVersion(),
    node: process.versions.node,
    system: `${process.platform} ${process.arch} ${release()}`,
    processor: cpus()[0]?.model.trim() ?? process.arch,
    cores: availableParallelism(),
    memoryBytes: isLimited ? limit : total,
    freeMemoryBytes: isLimited ? Math.min(limit, process.availableMemory()) : freemem(),
    gpus: visibleGpus(environment).map(({ name, driver }) => ({ name, driver })),
    cacheFolder: cache,
    freeDiskBytes: freeBytes(root),
    runsFolder: workingFolder,
    freeRunsBytes: freeBytes(workingFolder),
  };
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
