/** A model on a device: with its parameters, its basis and its statistics, each of which can be set anew. */
import assert from 'node:assert';
import { tensor1d, type Tensor2D } from '@tensorflow/tfjs-core';
import { rowLength, type Batch, type ImageShape } from '../data/dataset.ts';
import { createLayout, type Layout } from '../math/layout.ts';
import type { Basis, DrawKey, StepSettings } from './compute.ts';
import type { EvaluationMode, GenerativeModel, Loss, Mode, Model, Parameters } from './model.ts';
import { createParameterStore, type ParameterStore } from './parameter-store.ts';
import { createProjection, pixelProjection, pixelsOf, type Projection } from './projection.ts';
import type { Runtime } from './runtime.ts';
import { createStatisticsStore, type StatisticsStore } from './statistics-store.ts';

export interface LoadedModel {
  readonly model: Model;
  readonly runtime: Runtime;
  readonly image: ImageShape;
  readonly layout: Layout;
  readonly parameters: ParameterStore;
  readonly statistics: StatisticsStore;
  /** All parameters by name, as they were set. */
  named(): Parameters;
  basis(): Basis | null;
  projection(): Projection;
  setBasis(basis: Basis | null): void;
  dispose(): void;
}

export interface LoadOptions {
  readonly image: ImageShape;
  readonly components: number | null; // K of every basis that will be set, or null for pixels
  readonly seed: number; // of the run: frozen parameters are made from it
}

export function loadModel(
  model: Model,
  runtime: Runtime,
  { image, components, seed }: LoadOptions,
): LoadedModel {
  const layout = createLayout(model.parameters);
  const parameters = createParameterStore(layout, runtime, seed);
  const statistics = createStatisticsStore(model.statistics, runtime);
  let basis: Basis | null = null;
  let projection: Projection | null = components === null ? pixelProjection : null;
  return {
    model,
    runtime,
    image,
    layout,
    parameters,
    statistics,
    named: parameters.named,
    basis: () => basis,
    projection() {
      assert(projection !== null, 'the basis is needed before it was set');
      return projection;
    },
    setBasis(next) {
      assert.equal(next?.componentCount ?? null, components, 'components of the basis');
      if (next !== null) assert.equal(next.featureCount, rowLength(image), 'values of a row');
      projection?.dispose();
      basis = next;
      projection = next === null ? pixelProjection : createProjection(next, runtime);
    },
    dispose() {
      parameters.dispose();
      statistics.dispose();
      projection?.dispose();
    },
  };
}

/** Features of a batch's rows, [b, K]. */
export const featuresOf = (loaded: LoadedModel, batch: Batch): Tensor2D =>
  loaded.projection().project(pixelsOf(batch));

/** The loss of a batch, summed over its rows, and its terms. */
export function lossOf(
  loaded: LoadedModel,
  parameters: Parameters,
  batch: Batch,
  draw: DrawKey,
  mode: Mode,
  settings: StepSettings,
): Loss {
  const labels = batch.labels === null ? null : tensor1d(new Int32Array(batch.labels), 'int32');
  const rows = featuresOf(loaded, batch);
  return loaded.model.lossSum(parameters, { rows, labels }, loaded.runtime.draws(draw), mode, settings);
}

/** The model's generative side, and what it needs. @throws Error when the model has none: our bug */
export function generativeOf(loaded: LoadedModel): {
  generative: GenerativeModel;
  parameters: Parameters;
  mode: EvaluationMode;
} {
  const { generative, name } = loaded.model;
  assert(generative !== undefined, `model ${name} makes no pictures`);
  return { generative, parameters: loaded.named(), mode: loaded.statistics.mode() };
}
