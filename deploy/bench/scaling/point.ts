/** What a run of the scaling benchmark is of: its sizes, its name in the table, and its flags. */
import { usageError } from '../../../shared/errors.ts';
import { checkMicroBatchSize, largestDefaultMicroBatch } from '../../../shared/math/batch.ts';
import type { RuntimeName } from '../../../shared/model/runtime.ts';
import type { ConfigField } from '../../../shared/runtime/config.ts';
import type { PresetName } from '../../../shared/runtime/presets.ts';
import { plural } from '../../../shared/text.ts';
import type { LinkRate } from '../../plan/link-rate.ts';

export interface Point {
  readonly workers: number;
  readonly batchSize: number;
  readonly microBatchSize: number;
  readonly link: LinkRate | null; // between coordinator and workers; null: the loopback device
}

/** What all runs have in common. */
export interface Settings {
  readonly preset: PresetName;
  readonly runtime: RuntimeName;
  readonly threads: number;
  readonly steps: number;
  readonly syntheticRows: number;
  readonly width: number | null; // of the model; null: as the preset has it
}

export const nameOf = ({ workers, batchSize, link }: Point): string =>
  [...(link === null ? [] : [link.text]), `batch ${batchSize}`, plural(workers, 'worker')].join(', ');

/** Every number of workers with every batch size over every link. @throws LockstepError (64) */
export function pointsOf(
  workers: readonly number[],
  batchSizes: readonly number[],
  links: readonly (LinkRate | null)[],
  microBatchSize: number | undefined,
): Point[] {
  for (const [flag, values] of Object.entries({ '--workers': workers, '--batch-size': batchSizes })) {
    const wrong = values.find((value) => !Number.isSafeInteger(value) || value < 1);
    if (wrong !== undefined) throw usageError(`${flag} got ${wrong}, expected whole numbers from 1 on`);
  }
  const most = Math.max(...workers);
  return links.flatMap((link) =>
    batchSizes.flatMap((batchSize) => {
      const unit = microBatchSize ?? unitOf(batchSize, most);
      checkMicroBatchSize(batchSize, unit);
      return workers.map((count) => ({ workers: count, batchSize, microBatchSize: unit, link }));
    }),
  );
}

/** The largest divisor, at most 500, that leaves each of the workers a micro-batch; 2 where there is none. */
function unitOf(batchSize: number, workers: number): number {
  const largest = Math.min(largestDefaultMicroBatch, Math.floor(batchSize / workers));
  for (let size = largest; size > 2; size--) if (batchSize % size === 0) return size;
  return 2;
}

/** Of `train`: as many as are needed for a run that is nothing but its steps. */
export function flagsOf(
  { runtime, threads, steps, syntheticRows, width }: Settings,
  { workers, batchSize, microBatchSize }: Point,
): Partial<Record<ConfigField, string>> {
  return {
    runtime,
    threads: `${threads}`,
    steps: `${steps}`,
    workers: `${workers}`,
    batchSize: `${batchSize}`,
    microBatchSize: `${microBatchSize}`,
    data: 'synthetic',
    syntheticRows: `${syntheticRows}`,
    statisticsRows: '500',
    evaluationRows: '500',
    pictureEvery: '0',
    stopOn: 'none',
    allowCpu: 'true',
    ...(width !== null && { width: `${width}` }),
  };
}
