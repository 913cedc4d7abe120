/**
 * The runs that are simulated, small in every dimension, and what each must come to: the state after every step,
 * by the plain reference, and the gradient of every leaf on the way. Worked out once for all schedules.
 */
import type { EvaluationRecord } from '../../coordinator/journal.ts';
import type { Config } from '../../shared/runtime/config.ts';
import type { Batch, Dataset } from '../../shared/data/dataset.ts';
import { adamScalars } from '../../shared/math/adam.ts';
import { createLayout } from '../../shared/math/layout.ts';
import { referenceStep, type ReferenceState } from '../../shared/math/reference.ts';
import type { Terms } from '../../shared/model/compute.ts';
import { createWorkload, type Workload } from '../../shared/runtime/workload.ts';
import { configOf, datasetOf, image } from '../support/cluster.ts';
import { classifierModel, linearModel, type FakeModel } from '../support/fake-models.ts';
import { firstState } from '../support/plain-run.ts';

export interface Shape {
  readonly name: string;
  readonly model: FakeModel;
  readonly config: Config; // but for the reducers, which change no bit
}

export interface Leaf {
  readonly batch: Batch;
  readonly gradient: Float32Array; // [P]
  readonly terms: Terms;
}

/** What an undisturbed run of a shape comes to. */
export interface Expected {
  readonly shape: Shape;
  readonly workload: Workload;
  readonly states: readonly ReferenceState[]; // after so many steps
  readonly leaves: readonly (readonly Leaf[])[]; // of each step
  evaluation: EvaluationRecord | null; // of the first run that came so far
}

const named = (name: string, model: FakeModel, changes: Partial<Config>): Shape => ({
  name,
  model,
  config: configOf({ evaluationRows: 6, statisticsRows: 6, ...changes }),
});

/** A model that paints no samples: its runs are shorter by a half. */
const plain = (model: FakeModel): FakeModel => ({
  ...model,
  description: { ...model.description, generative: false },
});
const wide = plain(linearModel(4, 30)); // three chunks of sixteen values
const broad = plain(linearModel(4, 75)); // five
const bfloat16 = { wire: 'bfloat16' } as const;

export const shapes: readonly Shape[] = [
  named('linear, 8 leaves', linearModel(4), { steps: 4 }),
  named('wide, 3 leaves', wide, { batchSize: 9, steps: 5 }),
  named('wide, 6 leaves', wide, { batchSize: 12, microBatchSize: 2, steps: 4 }),
  named('classifier, 12 leaves', plain(classifierModel(4, 3)), { batchSize: 12, microBatchSize: 1 }),
  named('broad, 8 leaves', broad, { steps: 3 }),
  named('broad, 5 leaves, bfloat16', broad, { batchSize: 10, microBatchSize: 2, ...bfloat16 }),
  named('wide, 8 leaves, bfloat16', wide, { steps: 3, ...bfloat16 }),
  named('linear, 1 leaf, bfloat16', plain(linearModel(4)), { batchSize: 3, steps: 5, ...bfloat16 }),
];

/** For hundreds of workers. */
export const crowds: readonly Shape[] = [
  named('wide, 96 leaves', wide, { batchSize: 96, microBatchSize: 1, steps: 2 }),
  named('linear, 64 leaves, bfloat16', plain(linearModel(4)), {
    batchSize: 64,
    microBatchSize: 1,
    steps: 2,
    ...bfloat16,
  }),
];

export const dataset: Dataset = datasetOf();

const known = new Map<Shape, Promise<Expected>>();

export function expectedOf(shape: Shape): Promise<Expected> {
  const found = known.get(shape) ?? work(shape);
  known.set(shape, found);
  return found;
}

async function work(shape: Shape): Promise<Expected> {
  const { model, config } = shape;
  const workload = createWorkload(config, dataset.rowCount, 0);
  const layout = createLayout(model.description.parameters);
  const l2 = new Float32Array(layout.parameterCount);
  for (const { offset, length, l2: coefficient } of layout.trained)
    l2.fill(coefficient ?? 0, offset, offset + length);
  const states = [firstState(model, config.seed)];
  const leaves: Leaf[][] = [];
  for (let step = 0; step < config.steps!; step++) {
    const state = states[step]!;
    leaves.push(await leavesOf(model, config, workload, state.parameters, step));
    const { learningRate, beta1, beta2, epsilon } = config;
    const rates = { learningRate: Math.fround(learningRate), beta1, beta2, epsilon };
    const gradients = leaves[step]!.map(({ gradient }) => gradient);
    states.push(
      referenceStep(state, gradients, config.batchSize, l2, adamScalars(rates, step, 1), config.wire),
    );
  }
  return { shape, workload, states, leaves, evaluation: null };
}

async function leavesOf(
  model: FakeModel,
  config: Config,
  workload: Workload,
  parameters: Float32Array,
  step: number,
): Promise<Leaf[]> {
  const compute = model.create(image);
  await compute.setParameters(parameters);
  const settings = { klWeight: config.klWeight };
  const leaves: Leaf[] = [];
  for (let microBatch = 0; microBatch < workload.stream.microBatchCount; microBatch++) {
    const indices = workload.rowsOf({ kind: 'gradient', step, settings, wire: config.wire }, microBatch);
    const rows = new Uint8Array(indices.length * 4);
    dataset.readRows(indices, rows);
    const labels = Uint8Array.from(indices, (row) => dataset.labels![row]!);
    const gradient = new Float32Array(parameters.length);
    const draw = { seed: config.seed, purpose: 'training', step, microBatch } as const;
    const batch = { rows, labels, rowCount: indices.length };
    leaves.push({ batch, gradient, terms: await compute.gradient(batch, draw, settings, gradient) });
  }
  return leaves;
}

/** Whether two arrays have the same bits. */
export function sameBits(a: Float32Array, b: Float32Array): boolean {
  const bytesOf = (values: Float32Array): Buffer =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return a.length === b.length && bytesOf(a).equals(bytesOf(b));
}
