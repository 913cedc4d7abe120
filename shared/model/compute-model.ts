/**
 * Any model on any runtime, as the trainer sees it: arrays in, arrays out.
 *
 * Parameters, basis and statistics stay on the device; everything else is a pure function of them and of the
 * arguments, and keeps no tensor beyond the call.
 */
import assert from 'node:assert';
import * as tf from '@tensorflow/tfjs-core';
import { rowLength, type Batch } from '../data/dataset.ts';
import { leadingComponents } from '../math/pca.ts';
import type { Compute, DrawKey, StepSettings, Terms } from './compute.ts';
import { addCovariance } from './covariance.ts';
import { gradientInto } from './gradient-reading.ts';
import { loadModel, lossOf, type LoadedModel, type LoadOptions } from './loaded-model.ts';
import type { Loss, Mode, Model, Parameters } from './model.ts';
import { render } from './pictures.ts';
import { isOutOfMemory, outOfMemoryError } from './out-of-memory.ts';
import type { Runtime } from './runtime.ts';
import { sizesOf } from './sizes.ts';
import { createObserver } from './statistics-store.ts';

/** A `Compute`, and the model behind it for what only a command asks (evaluation.ts). */
export interface ModelCompute extends Compute {
  readonly loaded: LoadedModel;
}

export interface ComputeOptions extends LoadOptions {
  readonly batchSize?: number; // that micro-batches are cut from: for the advice when one does not fit
}

/** Puts a model onto a device. Parameters, basis (if any) and statistics have to be set before they are needed. */
export async function createModelCompute(
  model: Model,
  runtime: Runtime,
  options: ComputeOptions,
): Promise<ModelCompute> {
  const loaded = loadModel(model, runtime, options);
  const { layout, statistics } = loaded;
  const termNames = ['loss', ...model.termNames];
  const orExplain = explainer(model, runtime, options);
  return {
    loaded,
    fingerprint: runtime.fingerprint,
    image: options.image,
    layout,
    termNames,
    statisticsLength: statistics.length,
    setParameters: async (values) => loaded.parameters.set(values),
    holdsParameters: (values) => loaded.parameters.holds(values),
    setBasis: async (basis) => loaded.setBasis(basis),
    setStatistics: async (values) => statistics.set(values),
    gradient: (batch, draw, settings, out) =>
      orExplain(batch, () => gradient(loaded, termNames, batch, draw, settings, out)),
    statistics: (batch, draw, sums) =>
      orExplain(batch, async () => {
        const observer = createObserver(model.statistics);
        const mode: Mode = { kind: 'training', observe: observer.observe };
        tf.tidy(() => void lossOf(loaded, loaded.named(), batch, draw, mode, { klWeight: 1 }));
        await observer.collect(sums);
      }),
    evaluate: (batch, draw, settings) =>
      orExplain(batch, async () => {
        const terms = tf.tidy(() =>
          stackTerms(termNames, lossOf(loaded, loaded.named(), batch, draw, statistics.mode(), settings)),
        );
        return readTerms(termNames, terms);
      }),
    covariance: addCovariance,
    basis: async (sums, rowCount, componentCount, whiten) =>
      leadingComponents(sums, rowLength(options.image), rowCount, componentCount, whiten),
    render: (request, batch) => render(loaded, request, batch),
    dispose: loaded.dispose,
  };
}

type Explainer = <T>(batch: Batch, compute: () => Promise<T>) => Promise<T>;

/** Where the device has no room for a batch, the error names one that fits. */
function explainer(
  model: Model,
  { fingerprint: { backend, device }, reader, memoryLimitBytes }: Runtime,
  { image, components, batchSize }: ComputeOptions,
): Explainer {
  const isGpu = reader?.isHostMemory === false;
  return async ({ rowCount: microBatchSize }, compute) => {
    try {
      return await compute();
    } catch (error) {
      if (!isOutOfMemory(error)) throw model.explain?.(error) ?? error;
      const sizes = sizesOf(model, image, components);
      const facts = { backend, device, isGpu, microBatchSize, limitBytes: memoryLimitBytes ?? null };
      throw outOfMemoryError({ sizes, batchSize: batchSize ?? microBatchSize, ...facts });
    }
  };
}

async function gradient(
  loaded: LoadedModel,
  termNames: readonly string[],
  batch: Batch,
  draw: DrawKey,
  settings: StepSettings,
  out: Float32Array,
): Promise<Terms> {
  assert.equal(out.length, loaded.layout.parameterCount, 'values of the gradient');
  let terms: tf.Tensor1D | null = null;
  const { layout, parameters, runtime } = loaded;
  const compute = (trained: Parameters): tf.Scalar => {
    const mode: Mode = { kind: 'training' };
    const loss = lossOf(loaded, parameters.withFrozen(trained), batch, draw, mode, settings);
    terms = tf.keep(stackTerms(termNames, loss));
    return loss.loss;
  };
  await gradientInto(runtime, layout.trained, parameters.trained(), compute, out);
  assert(terms !== null);
  return readTerms(termNames, terms);
}

/** One tensor of all terms, so that they are read at once. */
const stackTerms = (names: readonly string[], { loss, terms }: Loss): tf.Tensor1D =>
  tf.stack(names.map((name) => (name === 'loss' ? loss : termOf(terms, name)))) as tf.Tensor1D;

function termOf(terms: Loss['terms'], name: string): tf.Scalar {
  const term = terms[name];
  assert(term !== undefined, `the model gave no term ${name}`);
  return term;
}

async function readTerms(names: readonly string[], terms: tf.Tensor1D): Promise<Terms> {
  const values = await terms.data<'float32'>();
  terms.dispose();
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? NaN]));
}
