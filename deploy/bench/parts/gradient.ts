/**
 * A worker's gradient without a coordinator: the model of a preset on a runtime, one micro-batch of made-up
 * rows, and the same step's matrix products alone.
 *
 * Bits of rows and parameters do not matter for time, but magnitudes do: subnormal or infinite numbers would be
 * slower, so parameters are those of a fresh run and rows are noise.
 */
import { rowLength, type Batch } from '../../../shared/data/dataset.ts';
import { initialise } from '../../../shared/math/initialise.ts';
import { createKernels } from '../../../shared/math/kernels.ts';
import { wordsOf, streamOf } from '../../../shared/math/philox.ts';
import type { Basis, Fingerprint } from '../../../shared/model/compute.ts';
import { createModelCompute } from '../../../shared/model/compute-model.ts';
import { featuresOf } from '../../../shared/model/loaded-model.ts';
import type { Model } from '../../../shared/model/model.ts';
import { flopsOf, prepareProducts, record, type Product } from '../../../shared/model/profile.ts';
import { createModel } from '../../../shared/model/registry.ts';
import type { Runtime, RuntimeName } from '../../../shared/model/runtime.ts';
import { openRuntime } from '../../../shared/model/runtimes.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';
import { configSchema, type Config } from '../../../shared/runtime/config.ts';
import { presets, type PresetName } from '../../../shared/runtime/presets.ts';
import type { AnswerPart } from '../part.ts';

export interface GradientOptions {
  readonly preset: PresetName;
  readonly runtime: RuntimeName;
  readonly threads: number;
  readonly microBatchSize: number;
  readonly config?: Config; // instead of the preset's
}

export interface GradientFacts {
  readonly fingerprint: Fingerprint;
  readonly parameterCount: number;
  readonly productCount: number;
  readonly productGflop: number; // of one gradient
}

/** One gradient, cut up. */
export interface GradientProfile {
  readonly operations: readonly { readonly name: string; readonly count: number; readonly ms: number }[];
  readonly phases: Readonly<Record<'projection' | 'forward' | 'backward' | 'reading', number>>; // ms
  readonly ms: number; // as a whole
}

const image = { height: 32, width: 32, channels: 3 };
const draw = { seed: 1, purpose: 'training', step: 0, microBatch: 0 } as const;
const nowMs = (): number => systemClock.nowMs();

/** Answers `facts`, `gradient` and `products` (ms), `projection` (ms), and `profile`. */
export async function openGradient(options: GradientOptions): Promise<AnswerPart> {
  const config = options.config ?? configSchema.parse(presets[options.preset].settings);
  const reading = { ms: 0 };
  const opened = await openRuntime(options.runtime, { ...options, precision: 'tf32', allowCpu: true });
  const runtime = watchReading(opened, reading);
  const forward = { beganMs: 0, endedMs: 0 };
  const model = watchForward(createModel(config, image), forward);
  const { components, seed } = config;
  const compute = await createModelCompute(model, runtime, { image, components, seed });
  const { layout } = compute;
  const { parameterCount } = layout;
  const kernels = createKernels(2 * (4 * parameterCount + 64));
  const [parameters, gradient] = [kernels.allocate(4 * parameterCount), kernels.allocate(4 * parameterCount)];
  initialise(layout, seed, kernels, parameters);
  await compute.setParameters(kernels.float32(parameters, parameterCount));
  await compute.setBasis(components === null ? null : noiseBasis(components));
  const batch = noiseBatch(options.microBatchSize);
  const out = kernels.float32(gradient, parameterCount);
  const run = async (): Promise<void> => void (await compute.gradient(batch, draw, { klWeight: 1 }, out));
  await run();
  const { operations } = await record(run, nowMs);
  const multiplied = operations.flatMap(({ product }) => product ?? []);
  const products = prepareProducts(multiplied);

  return async (question) => {
    switch (question) {
      case 'facts':
        return factsOf(runtime.fingerprint, parameterCount, multiplied);
      case 'gradient':
        return timed(run);
      case 'products':
        return timed(() => products.run());
      case 'projection':
        return timed(async () => {
          const features = featuresOf(compute.loaded, batch);
          await features.data();
          features.dispose();
        });
      case 'profile':
        return profile(run, forward, reading);
      default:
        throw new Error(`no question ${question}`);
    }
  };
}

async function timed(run: () => Promise<void>): Promise<number> {
  const beganMs = nowMs();
  await run();
  return nowMs() - beganMs;
}

function factsOf(
  fingerprint: Fingerprint,
  parameterCount: number,
  products: readonly Product[],
): GradientFacts {
  const productGflop = products.reduce((sum, product) => sum + flopsOf(product), 0) / 1e9;
  return { fingerprint, parameterCount, productCount: products.length, productGflop };
}

/** Notes when the forward pass began and ended. */
function watchForward(model: Model, forward: { beganMs: number; endedMs: number }): Model {
  return {
    ...model,
    lossSum(...given) {
      forward.beganMs = nowMs();
      const loss = model.lossSum(...given);
      forward.endedMs = nowMs();
      return loss;
    },
  };
}

/** Adds up the time of values that are read straight into the gradient. */
function watchReading(runtime: Runtime, reading: { ms: number }): Runtime {
  const { reader } = runtime;
  if (reader === undefined) return runtime;
  return {
    ...runtime,
    reader: {
      ...reader,
      read(tensor, out) {
        const beganMs = nowMs();
        reader.read(tensor, out);
        reading.ms += nowMs() - beganMs;
      },
    },
  };
}

async function profile(
  run: () => Promise<void>,
  forward: { readonly beganMs: number; readonly endedMs: number },
  reading: { ms: number },
): Promise<GradientProfile> {
  reading.ms = 0;
  const beganMs = nowMs();
  const recording = await record(run, nowMs);
  const { operations } = recording;
  const readMs = Math.max(recording.readMs, reading.ms); // where one way goes through the other, both count it
  const endedMs = nowMs();
  const byName = new Map<string, { count: number; ms: number }>();
  for (const { name, ms } of operations) {
    const sum = byName.get(name) ?? { count: 0, ms: 0 };
    byName.set(name, { count: sum.count + 1, ms: sum.ms + ms });
  }
  return {
    operations: [...byName].map(([name, sum]) => ({ name, ...sum })).sort((a, b) => b.ms - a.ms),
    phases: {
      projection: forward.beganMs - beganMs,
      forward: forward.endedMs - forward.beganMs,
      backward: endedMs - forward.endedMs - readMs,
      reading: readMs,
    },
    ms: endedMs - beganMs,
  };
}

function noiseBatch(rowCount: number): Batch {
  const next = wordsOf(1, streamOf('synthetic'));
  return {
    rows: Uint8Array.from({ length: rowCount * rowLength(image) }, () => next() & 255),
    labels: null,
    rowCount,
  };
}

/** Directions of about unit length, not orthogonal: as long to project onto. */
function noiseBasis(componentCount: number): Basis {
  const featureCount = rowLength(image);
  const next = wordsOf(1, streamOf('eigen'));
  const scale = Math.sqrt(3 / featureCount);
  const vectors = Float32Array.from(
    { length: componentCount * featureCount },
    () => (next() / 2 ** 31 - 1) * scale,
  );
  return {
    featureCount,
    componentCount,
    mean: new Float32Array(featureCount).fill(0.5),
    vectors,
    eigenvalues: new Float32Array(componentCount).fill(1),
    totalVariance: componentCount,
    whiten: false,
  };
}
