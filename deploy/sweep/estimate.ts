/**
 * How long each trial of a sweep will take, before it is run: the plan's model of a step (deploy/plan), corrected by
 * what trials of this sweep that have ended came to. Nothing is estimated of a GPU that was never tried, or of a model
 * of somebody's own.
 */
import { endOfEpochs } from './length.ts';
import { predict } from '../plan/predict.ts';
import { measured, measuredRates } from '../plan/rates.ts';
import { sizesOf } from '../../shared/model/sizes.ts';
import { sharpnessRows } from '../../shared/model/sharpness.ts';
import { isModulePath } from '../../shared/model/module/module-file.ts';
import { createModel } from '../../shared/model/registry.ts';
import type { ImageShape } from '../../shared/data/dataset.ts';
import type { Config } from '../../shared/runtime/config.ts';
import type { SweepFile } from './sweep-file.ts';

export interface Ground {
  readonly image: ImageShape;
  readonly trainingRows: number; // N
  readonly evaluationRows: number; // that one evaluation sees, of all splits
  readonly workers: number; // where a trial does not say
  readonly cores: number | null; // null: a GPU each
}

export interface Estimate {
  readonly trial: string;
  readonly updates: number | null; // null: until converged
  readonly epochs: number | null;
  readonly samplesPerSecond: number | null; // null: unknown before the first trial
  readonly seconds: number | null;
  readonly workerSeconds: number | null; // of all workers together, which is what a hired box costs
  readonly sharpnessSeconds: number; // of these; 0 where it is not measured
  readonly isDone: boolean;
}

const startSeconds = 8; // of processes, components and the first step
const microBatchSeconds = 0.005; // on a core, beside the matrix products: all of a tiny model's time
const sharpnessGradients = 40; // of all its rows: twenty products
const evaluationShare = 1 / 3; // of a training step's time that a forward pass takes

export function estimateTrials({ plans, trials, sharpness }: SweepFile, ground: Ground): Estimate[] {
  const correction = correctionOf({ plans, trials }, ground);
  return plans.map(({ name, config }, index): Estimate => {
    const workers = config.workers ?? ground.workers;
    const predicted = predictedRate(config, ground);
    const known = trials[index]?.samplesPerSecond ?? null;
    const rate = known ?? (correction === null || predicted === null ? null : predicted * correction);
    const isDone = trials[index]?.state === 'finished';
    const base = { trial: name, samplesPerSecond: rate, isDone };
    const length = endOfEpochs(config, ground.trainingRows, rate);
    if (length === null || rate === null) {
      return {
        ...base,
        updates: length?.steps ?? null,
        epochs: length?.epochs ?? null,
        seconds: null,
        workerSeconds: null,
        sharpnessSeconds: 0,
      };
    }
    const { steps: updates, epochs } = length;
    const evaluations = Math.max(1, Math.floor(epochs / config.evaluateEvery));
    const evaluated = evaluations * (ground.evaluationRows + config.statisticsRows) * evaluationShare;
    const measured = Math.min(sharpnessRows, ground.trainingRows) * sharpnessGradients;
    const sharpnessSeconds = sharpness ? startSeconds + (measured * workers) / rate : 0; // one process computes
    const seconds = startSeconds + (epochs * ground.trainingRows + evaluated) / rate + sharpnessSeconds;
    return { ...base, updates, epochs, seconds, workerSeconds: workers * seconds, sharpnessSeconds };
  });
}

/** Measured over predicted, of the trials that have ended. @returns null on GPUs, as long as none has */
function correctionOf({ plans, trials }: Pick<SweepFile, 'plans' | 'trials'>, ground: Ground): number | null {
  const ratios = plans.flatMap(({ config }, index) => {
    const rate = trials[index]?.samplesPerSecond ?? null;
    const predicted = predictedRate(config, ground);
    return rate === null || predicted === null ? [] : [rate / predicted];
  });
  if (ratios.length === 0) return ground.cores === null ? null : 1;
  return ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
}

/** Samples a second by the plan's model; null for a model that is not built in. */
function predictedRate(config: Config, { image, workers, cores }: Ground): number | null {
  if (isModulePath(config.model)) return null;
  const sizes = sizesOf(createModel(config, image), image, config.components);
  const microBatchSize = config.microBatchSize ?? config.batchSize;
  const productSeconds =
    sizes.flopsPerSample / (measured.threadGflops.value * 1e9 * measured.rooflineShare.value);
  const sampleSeconds = productSeconds + (cores === null ? 0 : microBatchSeconds / microBatchSize);
  const cluster = {
    workers: config.workers ?? workers,
    boxes: 1,
    coordinatorApart: false,
    linkBitsPerSecond: null,
    isEncrypted: false,
    reducers: 1,
    coresPerBox: cores,
  };
  const job = { sizes, batchSize: config.batchSize, microBatchSize, wire: 'float32' } as const;
  return predict(job, cluster, measuredRates(sampleSeconds)).samplesPerSecond;
}
