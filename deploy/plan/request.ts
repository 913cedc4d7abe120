/** From the flags of `lockstep plan` to what is planned: checked, with the preset's sizes where nobody says others. */
import { usageError } from '../../shared/errors.ts';
import { checkMicroBatchSize, defaultMicroBatchSize } from '../../shared/math/batch.ts';
import { deviceMemory } from '../../shared/model/memory.ts';
import { createModel } from '../../shared/model/registry.ts';
import { sizesOf, sizesOfCount, type ModelSizes } from '../../shared/model/sizes.ts';
import { configSchema, type Config } from '../../shared/runtime/config.ts';
import { presets, type PresetName } from '../../shared/runtime/presets.ts';
import { formatNumber } from '../../shared/text.ts';
import { advise } from './advice.ts';
import type { Wire } from '../../shared/math/node-values.ts';
import type { Cluster, Job } from './cluster.ts';
import { parseLinkRate } from './link-rate.ts';
import { predict } from './predict.ts';
import type { Plan } from './print.ts';
import { measured, measuredRates } from './rates.ts';

/** What was given, by the names of the flags. */
export interface PlanFlags {
  readonly preset: PresetName;
  readonly parameters?: number | undefined;
  readonly width?: number | undefined;
  readonly workers: number;
  readonly boxes: number;
  readonly coordinatorApart: boolean;
  readonly linkRate?: string | undefined;
  readonly encrypted: boolean;
  readonly gflops?: number | undefined;
  readonly samplesPerSecond?: number | undefined;
  readonly cores?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly microBatchSize?: number | undefined;
  readonly reducers: number;
  readonly wire: Wire;
  readonly runtime: 'tensorflow' | 'wasm' | 'webgpu';
}

const image = { height: 32, width: 32, channels: 3 };

/** 4P bytes: parameters, two moments, the sum, what is under way; and the process itself. */
export const coordinatorBytes = (parameterCount: number): number => 6 * 4 * parameterCount + 150e6;

/** @throws LockstepError (64) for a value that cannot be */
export function makePlan(flags: PlanFlags): Plan {
  const config = configOf(flags);
  const sizes =
    flags.parameters === undefined
      ? modelSizes(config)
      : sizesOfCount(natural('--parameters', flags.parameters));
  const job = jobOf(flags, config, sizes);
  const cluster = clusterOf(flags);
  const { sampleSeconds, device } = deviceOf(flags, sizes);
  const rates = measuredRates(sampleSeconds);
  const isGpu = flags.runtime === 'tensorflow' && flags.cores === undefined;
  const model = flags.parameters === undefined ? `preset ${flags.preset}` : 'a model';
  return {
    model: flags.width === undefined ? model : `${model}, width ${flags.width}`,
    job,
    cluster,
    device,
    prediction: predict(job, cluster, rates),
    memory: {
      device: deviceMemory(sizes, job.microBatchSize, flags.runtime, isGpu),
      coordinatorBytes: coordinatorBytes(sizes.parameterCount),
    },
    advice: advise(job, cluster, rates),
  };
}

/** Sizes of a configuration's model, for images of 32 x 32 in colour. */
export const modelSizes = (config: Config): ModelSizes =>
  sizesOf(createModel(config, image), image, config.components);

function configOf({ preset, width }: PlanFlags): Config {
  if (width !== undefined) natural('--width', width);
  return configSchema.parse({ ...presets[preset].settings, ...(width !== undefined && { width }) });
}

function jobOf({ batchSize, microBatchSize, wire }: PlanFlags, config: Config, sizes: ModelSizes): Job {
  const batch = natural('--batch-size', batchSize ?? config.batchSize);
  const preferred = batchSize === undefined ? config.microBatchSize : null; // a preset's goes with its batch
  const unit = microBatchSize ?? preferred ?? defaultMicroBatchSize(batch);
  checkMicroBatchSize(batch, unit);
  return { sizes, batchSize: batch, microBatchSize: unit, wire };
}

function clusterOf(flags: PlanFlags): Cluster {
  const { linkRate, cores } = flags;
  const workers = natural('--workers', flags.workers);
  const boxes = natural('--boxes', flags.boxes);
  const isLinked = boxes > 1 || flags.coordinatorApart;
  if (boxes > workers) throw usageError(`--boxes got ${boxes}, expected at most --workers ${workers}`);
  if (isLinked && linkRate === undefined)
    throw usageError('--link-rate must be given where boxes are joined, such as --link-rate 10gbit');
  return {
    workers,
    boxes,
    coordinatorApart: flags.coordinatorApart,
    linkBitsPerSecond: linkRate === undefined ? null : parseLinkRate(linkRate).bitsPerSecond,
    isEncrypted: flags.encrypted,
    reducers: natural('--reducers', flags.reducers),
    coresPerBox: cores === undefined ? null : natural('--cores', cores),
  };
}

function deviceOf({ gflops, samplesPerSecond }: PlanFlags, { flopsPerSample }: ModelSizes) {
  if (samplesPerSecond !== undefined) {
    const rate = positive('--samples-per-second', samplesPerSecond);
    return { sampleSeconds: 1 / rate, device: `${formatNumber(rate)} samples/s, as given` };
  }
  const { rooflineShare, threadGflops } = measured;
  const rate = positive('--gflops', gflops ?? threadGflops.value);
  const said = gflops === undefined ? `one CPU thread, ${threadGflops.command}` : 'as given';
  const sampleSeconds = flopsPerSample / (rate * 1e9 * rooflineShare.value);
  return {
    sampleSeconds,
    device: `${formatNumber(1 / sampleSeconds)} samples/s, from ${formatNumber(rate)} GFLOPS (${said})`,
  };
}

function natural(flag: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw usageError(`${flag} got ${value}, expected a whole number from 1 on`);
}

function positive(flag: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw usageError(`${flag} got ${value}, expected a number above 0`);
}
