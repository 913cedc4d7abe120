/**
 * The loss as a function of the parameters alone: rows, latent noise and dropout masks are fixed by counters, and batch
 * norm is frozen at the statistics that were set, so that the loss is a mean over rows and has a Hessian.
 *
 * Dropout stays, with a fixed mask of each row, because the loss that was trained has it; a model of one's own that
 * drops nothing out in evaluations is measured without. The penalty on parameters is left out.
 * P parameters, b rows of a batch.
 */
import assert from 'node:assert';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../data/dataset.ts';
import type { DrawKey } from './compute.ts';
import { gradientInto } from './gradient-reading.ts';
import { lossOf, type LoadedModel } from './loaded-model.ts';
import type { Mode, Parameters } from './model.ts';

/** Both may be asked at any parameters, [P]. */
export interface LossSurface {
  readonly size: number; // P
  /** Mean loss of a row, in nats. */
  loss(parameters: Float32Array): Promise<number>;
  /** Its gradient. @param out [P], overwritten @returns the loss */
  gradient(parameters: Float32Array, out: Float64Array): Promise<number>;
}

const sharpnessStep = 3; // of an evaluation's draws: the first three are evaluation.ts's

/**
 * @param loaded with basis and statistics set; its parameters are overwritten
 * @param seed of the draws: of trials that are compared the same
 */
export function createLossSurface(loaded: LoadedModel, batches: readonly Batch[], seed: number): LossSurface {
  const { layout, parameters: store, runtime, statistics } = loaded;
  const rowCount = batches.reduce((sum, batch) => sum + batch.rowCount, 0);
  assert(rowCount > 0, 'a loss of no rows');
  const part = new Float32Array(layout.parameterCount); // of one batch
  const sumOf = (named: Parameters, index: number): tf.Scalar => {
    const draw: DrawKey = { seed, purpose: 'evaluation', step: sharpnessStep, microBatch: index };
    const mode: Mode = { ...statistics.mode(), dropsOut: true };
    return lossOf(loaded, named, batches[index]!, draw, mode, { klWeight: 1 }).loss;
  };
  return {
    size: layout.parameterCount,
    async loss(parameters) {
      store.set(parameters);
      let sum = 0;
      for (const index of batches.keys()) sum += await read(tf.tidy(() => sumOf(loaded.named(), index)));
      return sum / rowCount;
    },
    async gradient(parameters, out) {
      assert.equal(out.length, part.length, 'values of the gradient');
      store.set(parameters);
      out.fill(0);
      let sum = 0;
      for (const index of batches.keys()) {
        let loss: tf.Scalar | null = null;
        const compute = (trained: Parameters): tf.Scalar =>
          (loss = tf.keep(sumOf(store.withFrozen(trained), index)));
        await gradientInto(runtime, layout.trained, store.trained(), compute, part);
        sum += await read(loss!);
        for (let i = 0; i < part.length; i++) out[i]! += part[i]! / rowCount;
      }
      return sum / rowCount;
    },
  };
}

async function read(scalar: tf.Scalar): Promise<number> {
  const [value = NaN] = await scalar.data<'float32'>();
  scalar.dispose();
  return value;
}
