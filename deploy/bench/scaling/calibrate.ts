/**
 * What the plan's model takes as given, measured on this box in the same round as the runs that it is held
 * against: a gradient alone and beside as many others as each run has, and the exchange over the loopback device.
 */
import { availableParallelism } from 'node:os';
import { visibleGpus } from '../../../shared/model/runtimes/device.ts';
import type { Config } from '../../../shared/runtime/config.ts';
import { modelSizes } from '../../plan/request.ts';
import { measuredRates, type Rates } from '../../plan/rates.ts';
import type { BenchContext } from '../benchmark.ts';
import { measureExchange } from '../exchange.ts';
import { startPart, type Part } from '../part.ts';
import type { GradientOptions } from '../parts/gradient.ts';
import type { ExchangeRound } from '../parts/exchange-run.ts';
import { spreadOf } from '../rounds.ts';
import type { Settings } from './point.ts';

const gradientsOfEach = 3;
const exchangeRounds = 3;

/** Cores that CPU workers of so many threads share, a worker each; null where every worker has a GPU. */
export function sharedCores({ runtime, threads }: Settings): number | null {
  const isOnGpu = (runtime === 'auto' || runtime === 'tensorflow') && visibleGpus(process.env).length > 0;
  return isOnGpu ? null : Math.max(1, Math.floor(availableParallelism() / threads));
}

/**
 * @param workers numbers of them, one for each run
 * @param sharedMemory whether payloads pass over it, as they do between processes of one box
 * @returns the rates for a run with so many workers
 * @throws LockstepError
 */
export async function calibrate(
  context: BenchContext,
  settings: Settings,
  config: Config,
  microBatchSize: number,
  workers: readonly number[],
  sharedMemory: boolean,
): Promise<(workers: number) => Rates> {
  const device = await measureDevice(context, settings, config, microBatchSize, workers);
  const { parameterCount } = modelSizes(config);
  const most = Math.max(...workers);
  const peers = Math.min(most, sharedCores(settings) ?? most);
  const { rounds } = await measureExchange(context, {
    parameters: parameterCount,
    workers: peers,
    reducers: 1,
    wire: 'float32',
    movedBytes: 8 * parameterCount * peers,
    rounds: exchangeRounds,
    sharedMemory,
  });
  const secondsOf = (phase: keyof ExchangeRound): number =>
    spreadOf(rounds.map((round) => round[phase])).median / 1000;
  const bytes = 4 * parameterCount * peers;
  return (count) => ({
    ...measuredRates(device.seconds / microBatchSize, device.crowding.get(count)),
    upSecondsPerByte: everywhere(secondsOf('reduce') / bytes),
    downSecondsPerByte: everywhere(secondsOf('broadcast') / bytes),
    updateSecondsPerParameter: secondsOf('commit') / parameterCount,
  });
}

/** All runs beside it have their workers on one side. */
const everywhere = (value: number) => ({ local: value, remote: value });

/**
 * Seconds of a gradient alone, and how much longer it takes beside others than its share of the cores would have
 * it take, for each number of them: caches and memory are shared, too.
 */
async function measureDevice(
  context: BenchContext,
  { preset, runtime, threads, ...settings }: Settings,
  config: Config,
  microBatchSize: number,
  workers: readonly number[],
): Promise<{ seconds: number; crowding: ReadonlyMap<number, number> }> {
  const cores = sharedCores({ preset, runtime, threads, ...settings });
  const options: GradientOptions = { preset, runtime, threads, microBatchSize, config };
  const parts: Part[] = [];
  try {
    for (let part = 0; part < (cores === null ? 1 : Math.max(...workers)); part++)
      parts.push(await startPart(context, 'gradient', options));
    const seconds = await gradientOf(parts[0]!);
    const crowding = new Map<number, number>();
    for (const count of new Set(cores === null ? [] : workers)) {
      const crowded = mean(await Promise.all(parts.slice(0, count).map(gradientOf)));
      crowding.set(count, Math.max(1, crowded / (seconds * Math.max(1, count / cores!))));
    }
    return { seconds, crowding };
  } finally {
    await Promise.all(parts.map((part) => part.end()));
  }
}

async function gradientOf(part: Part): Promise<number> {
  const ms: number[] = [];
  for (let index = 0; index < gradientsOfEach; index++) ms.push(await part.ask<number>('gradient'));
  return spreadOf(ms).median / 1000;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
