/** The same run as test/support/cluster.ts, as a plain loop: one device, whole arrays, no messages. */
import { adamScalars } from '../../shared/math/adam.ts';
import { initialise } from '../../shared/math/initialise.ts';
import { createKernels } from '../../shared/math/kernels.ts';
import { createLayout } from '../../shared/math/layout.ts';
import { referenceStep, type ReferenceState } from '../../shared/math/reference.ts';
import type { Config } from '../../shared/runtime/config.ts';
import { createWorkload } from '../../shared/runtime/workload.ts';
import { datasetOf, image } from './cluster.ts';
import type { FakeModel } from './fake-models.ts';

/** @returns parameters after the configured steps, [P]; every step is committed but those in `skipped` */
export async function runPlainly(
  model: FakeModel,
  config: Config,
  skipped: readonly number[] = [],
): Promise<Float32Array> {
  const compute = model.create(image);
  const training = datasetOf();
  const workload = createWorkload(config, training.rowCount, 0);
  const layout = createLayout(model.description.parameters);
  const l2 = new Float32Array(layout.parameterCount);
  for (const { offset, length, l2: coefficient } of layout.trained)
    l2.fill(coefficient ?? 0, offset, offset + length);
  let state = firstState(model, config.seed);
  let updates = 0;
  for (let step = 0; step < config.steps!; step++) {
    if (skipped.includes(step)) continue;
    await compute.setParameters(state.parameters);
    const leaves: Float32Array[] = [];
    for (let leaf = 0; leaf < workload.stream.microBatchCount; leaf++) {
      const settings = { klWeight: config.klWeight };
      const indices = workload.rowsOf({ kind: 'gradient', step, settings, wire: config.wire }, leaf);
      const rows = new Uint8Array(indices.length * 4);
      training.readRows(indices, rows);
      const labels = Uint8Array.from(indices, (row) => training.labels![row]!);
      const gradient = new Float32Array(layout.parameterCount);
      const draw = { seed: config.seed, purpose: 'training', step, microBatch: leaf } as const;
      await compute.gradient({ rows, labels, rowCount: indices.length }, draw, settings, gradient);
      leaves.push(gradient);
    }
    const { learningRate, beta1, beta2, epsilon } = config;
    const scalars = adamScalars(
      { learningRate: Math.fround(learningRate), beta1, beta2, epsilon },
      updates++,
      1,
    );
    state = referenceStep(state, leaves, config.batchSize, l2, scalars, config.wire);
  }
  return state.parameters;
}

/** Before the first step. */
export function firstState(model: FakeModel, seed: number): ReferenceState {
  const layout = createLayout(model.description.parameters);
  const kernels = createKernels(layout.parameterCount * 4 + 64);
  const offset = kernels.allocate(layout.parameterCount * 4);
  initialise(layout, seed, kernels, offset);
  return {
    parameters: kernels.float32(offset, layout.parameterCount).slice(),
    firstMoment: new Float32Array(layout.parameterCount),
    secondMoment: new Float32Array(layout.parameterCount),
  };
}
