/** Workers as processes of this box, each with a log in the run folder. */
import { join } from 'node:path';
import type { Config } from '../../shared/runtime/config.ts';
import { createLineLog, startChild } from './child.ts';
import type { WorkerProcess } from './workers.ts';

export interface LocalWorkersOptions {
  readonly entry: string;
  readonly endpoint: string;
  readonly runDir: string;
  readonly runId: string;
  readonly config: Config;
  readonly gpus: readonly string[]; // as CUDA_VISIBLE_DEVICES names them, dealt in turn
  readonly environment: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
}

export function createLocalWorkers(options: LocalWorkersOptions): (rank: number) => WorkerProcess {
  const { entry, endpoint, runDir, runId, config, gpus, environment, say } = options;
  return (rank) => {
    const log = createLineLog(rankLogFile(runDir, rank), say);
    const child = startChild({
      entry,
      args: [...workerWords(config, rank, runId), '--connect', endpoint],
      environment: { ...environment, ...deviceEnvironment(gpus, rank) },
      output: (line) => log.add(line),
      onMessage: () => undefined,
    });
    const exited = child.exited.finally(() => log.close());
    return { exited, lines: () => log.last(), kill: child.kill };
  };
}

export const rankLogFile = (runDir: string, rank: number): string => join(runDir, 'logs', `rank-${rank}.log`);

/** The words that start a worker, but for where to connect to. */
export function workerWords(
  { runtime, threads, precision, allowCpu }: Config,
  rank: number,
  runId: string,
): string[] {
  const words = ['worker', '--run-id', runId, '--rank', String(rank)];
  words.push('--runtime', runtime, '--precision', precision);
  if (threads !== null) words.push('--threads', String(threads));
  if (allowCpu) words.push('--allow-cpu');
  return words;
}

/** Gives a worker one GPU, where there are any. @param index of the worker on its box */
export function deviceEnvironment(gpus: readonly string[], index: number): Record<string, string> {
  const gpu = gpus.length === 0 ? undefined : gpus[index % gpus.length];
  return gpu === undefined ? {} : { CUDA_VISIBLE_DEVICES: gpu };
}
