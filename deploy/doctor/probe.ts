/**
 * The doctor's tiny step: the gradient of a small autoencoder at fixed parameters and rows, on one runtime.
 *
 * It runs in a process of its own, since TensorFlow.js keeps its backend in a global, and a broken native library
 * takes its process along. Random draws come from the same counters on every runtime, so that gradients can be
 * compared.
 */
import { createKernels } from '../../shared/math/kernels.ts';
import { initialise } from '../../shared/math/initialise.ts';
import { philox4x32 } from '../../shared/math/philox.ts';
import type { Fingerprint } from '../../shared/model/compute.ts';
import { createModelCompute } from '../../shared/model/compute-model.ts';
import { createKernelDraws } from '../../shared/model/draws.ts';
import { createModel } from '../../shared/model/registry.ts';
import type { RuntimeName, RuntimeOptions } from '../../shared/model/runtime.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import { modelSettingsSchema } from '../../shared/model/settings.ts';
import type { Clock } from '../../shared/runtime/clock.ts';

export const probeNames = ['tensorflow', 'wasm', 'cpu', 'webgpu', 'zeromq'] as const;
export type ProbeName = (typeof probeNames)[number];

export interface GradientAnswer {
  readonly kind: 'gradient';
  readonly fingerprint: Fingerprint;
  readonly gradient: readonly number[];
  readonly ms: number;
}

/** What a probe's process says to its parent. */
export type ProbeAnswer =
  GradientAnswer | { readonly kind: 'loaded' } | { readonly kind: 'failed'; readonly message: string };

const image = { height: 4, width: 4, channels: 1 };
const doctorOptions: RuntimeOptions = { threads: null, precision: 'float32', allowCpu: true };
const rowCount = 16;
const seed = 1;
const draw = { seed, purpose: 'training', step: 0, microBatch: 0 } as const;
const settings = { width: 32, latent: 4, encoderBlocks: 1, branchBlocks: 1, decoderBlocks: 2 };

/** Never throws: what goes wrong is the answer. */
export async function probe(name: ProbeName, clock: Clock): Promise<ProbeAnswer> {
  try {
    if (name !== 'zeromq') return await probeRuntime(name, doctorOptions, clock);
    await import('../../shared/transport/zeromq.ts'); // which checks the library's version, and that it has CURVE
    return { kind: 'loaded' };
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

/** @throws LockstepError (69) when the runtime is not to be had */
export async function probeRuntime(
  name: RuntimeName,
  options: RuntimeOptions,
  clock: Clock,
): Promise<GradientAnswer> {
  const opened = await openRuntime(name, options);
  const runtime = { ...opened, draws: createKernelDraws() };
  const model = createModel(
    { ...modelSettingsSchema.parse(settings), model: 'vae', components: null },
    image,
  );
  const compute = await createModelCompute(model, runtime, { image, components: null, seed });
  const { parameterCount } = compute.layout;
  const kernels = createKernels(4 * parameterCount);
  const parameters = kernels.allocate(4 * parameterCount);
  initialise(compute.layout, seed, kernels, parameters);
  await compute.setParameters(kernels.float32(parameters, parameterCount));
  const gradient = new Float32Array(parameterCount);
  const step = () =>
    compute.gradient({ rows: fixedRows(), labels: null, rowCount }, draw, { klWeight: 1 }, gradient);
  await step(); // compiles and allocates
  const beganMs = clock.nowMs();
  await step();
  return {
    kind: 'gradient',
    fingerprint: runtime.fingerprint,
    gradient: [...gradient],
    ms: clock.nowMs() - beganMs,
  };
}

const fixedRows = (): Uint8Array =>
  Uint8Array.from(
    { length: rowCount * image.height * image.width },
    (_, index) => philox4x32([index, 0, 0, 0], [seed, 0])[0] & 255,
  );

/** |a - b| / |b|: how far a gradient is from another; NaN where one is not finite. */
export function relativeDistance(a: readonly number[], b: readonly number[]): number {
  const squares = (value: (index: number) => number): number =>
    b.reduce((sum, _, index) => sum + value(index) ** 2, 0);
  if (a.length !== b.length) return NaN;
  return Math.sqrt(squares((index) => a[index]! - b[index]!) / squares((index) => b[index]!));
}
