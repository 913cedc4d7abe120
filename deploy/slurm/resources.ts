/**
 * What a job asks Slurm for: one task a worker, and with each a GPU of its own unless the run computes on CPUs.
 *
 * Slurm counts in many ways; here they come to one number of tasks, where it can be known, so that the run knows how
 * many workers to expect.
 */
import { usageError } from '../../shared/errors.ts';
import type { Config } from '../../shared/runtime/config.ts';
import { valueOf, wordOf, type SbatchFlag } from './sbatch-flags.ts';

export interface Resources {
  readonly flags: readonly SbatchFlag[]; // all of sbatch's that say how much
  readonly gpusPerTask: string | null; // such as 1 or a100:1; null: on CPUs
  readonly tasks: number | null; // null where only Slurm knows
}

export type Demands = Pick<Config, 'workers' | 'runtime' | 'threads' | 'allowCpu'>;

/** @throws LockstepError (64) for options that contradict each other, or the run */
export function resourcesOf(given: readonly SbatchFlag[], demands: Demands): Resources {
  const gpu = gpusPerTaskOf(given, demands);
  const perNode = valueOf(given, 'gpus-per-node');
  if (perNode !== null && gpu === null)
    throw usageError(
      `--gpus-per-node ${perNode} and --gpus-per-task 0 contradict each other: leave out either`,
    );
  if (perNode !== null && valueOf(given, 'ntasks-per-node') !== null)
    throw usageError('--gpus-per-node and --ntasks-per-node say both how many workers: leave out either');
  const [, kind = '', count] = /^(?:([^:]+):)?(\d+)$/.exec(perNode ?? '') ?? [];
  if (perNode !== null && count === undefined)
    throw usageError(
      `--gpus-per-node got ${JSON.stringify(perNode)}, expected how many, such as 4 or a100:4`,
    );
  const flags = given.filter(({ name }) => name !== 'gpus-per-node' && name !== 'gpus-per-task');
  if (count !== undefined) flags.push({ name: 'ntasks-per-node', value: count });
  const gpusPerTask = gpu === '1' && kind !== '' ? `${kind}:1` : gpu;
  const tasks = taskCountOf(flags, gpusPerTask !== null, demands.workers);
  if (tasks !== null && valueOf(flags, 'ntasks') === null && valueOf(flags, 'gpus') === null)
    flags.push({ name: 'ntasks', value: String(tasks) });
  if (gpusPerTask !== null) flags.push({ name: 'gpus-per-task', value: gpusPerTask });
  if (demands.threads !== null && valueOf(flags, 'cpus-per-task') === null)
    flags.push({ name: 'cpus-per-task', value: String(demands.threads) });
  return { flags, gpusPerTask, tasks };
}

/** A GPU for each, unless the run computes without, or nobody asks for one and it may, or `--gpus-per-task 0`. */
function gpusPerTaskOf(given: readonly SbatchFlag[], { runtime, allowCpu }: Demands): string | null {
  const asked = given.find(
    ({ name }) => name === 'gpus-per-task' || name === 'gpus-per-node' || name === 'gpus',
  );
  const perTask = valueOf(given, 'gpus-per-task');
  const neverOnGpu = runtime === 'cpu' || runtime === 'wasm';
  if (perTask === '0') return null;
  if (asked !== undefined && neverOnGpu)
    throw usageError(`${wordOf(asked)} and --runtime ${runtime} contradict each other: leave out either`);
  if (perTask !== null && !/^([^:]+:)?1$/.test(perTask))
    throw usageError(
      `--gpus-per-task got ${perTask}, expected 1, or 0 to compute on CPUs: a worker has one GPU`,
    );
  if (asked === undefined) return neverOnGpu || allowCpu ? null : '1';
  return perTask ?? '1';
}

/** One task where nobody says how many, as Slurm has it. */
function taskCountOf(flags: readonly SbatchFlag[], onGpus: boolean, workers: number | null): number | null {
  const number = (name: string): number | null => {
    const value = valueOf(flags, name);
    return value !== null && /^\d+$/.test(value) ? Number(value) : null;
  };
  const saidNodes = valueOf(flags, 'nodes');
  const nodes = saidNodes === null ? 1 : number('nodes'); // may be a range
  const perNode = number('ntasks-per-node');
  const said = number('ntasks') ?? (onGpus ? gpuCountOf(valueOf(flags, 'gpus')) : null);
  const spread = nodes === null ? null : nodes * (perNode ?? 1);
  const counted = said ?? (perNode === null ? null : spread);
  if (workers !== null && counted !== null && workers !== counted)
    throw usageError(
      `--workers ${workers} and ${counted} tasks of Slurm contradict each other: leave out either, a task is a worker`,
    );
  return workers ?? counted ?? spread;
}

const gpuCountOf = (gpus: string | null): number | null => {
  const count = /^(?:[^:]+:)?(\d+)$/.exec(gpus ?? '')?.[1];
  return count === undefined ? null : Number(count);
};
