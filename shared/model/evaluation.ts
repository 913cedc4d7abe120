/**
 * What a trained model is worth on rows that it is shown, beyond its loss: the bound in its two terms, the
 * tighter bound by importance sampling, how many latents it uses, and bits per dimension.
 *
 * A latent is active when the variance over rows of its posterior mean exceeds 0.01 (Burda, Grosse and
 * Salakhutdinov 2016, sec. 5.2). Draws are a function of (seed, micro-batch): of the ELBO those of a run's own
 * evaluations, so that a run's figure comes out again.
 */
import assert from 'node:assert';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../data/dataset.ts';
import type { Basis, DrawKey } from './compute.ts';
import { createBitsMeter } from './bits-per-dimension.ts';
import { boundsOf } from './evidence.ts';
import { importanceBounds } from './importance.ts';
import { featuresOf, generativeOf, type LoadedModel } from './loaded-model.ts';

/** Per row, in nats but for bits per dimension. */
export interface Evaluation {
  readonly rowCount: number;
  readonly elbo: number; // -(nll + kl)
  readonly nll: number; // of a row's features, at one latent from its posterior
  readonly kl: number;
  readonly importanceBound: number | null; // of log p(features), at least the ELBO but for chance
  readonly importanceSamples: number; // k of a row
  readonly activeUnits: number;
  readonly latentCount: number;
  readonly bitsPerDimension: number | 'undefined' | null; // undefined: the likelihood is no density
}

export interface EvaluationOptions {
  readonly seed: number; // of the draws
  readonly importanceSamples: number; // k of each row; 0 for none
  /** Null for none; else the basis of all components, which is null for a model of pixels. */
  readonly bits: { readonly allComponents: Basis | null } | null;
}

export interface Evaluator {
  /** @param microBatch counts the batches: it names the draws */
  add(batch: Batch, microBatch: number): Promise<void>;
  result(): Evaluation;
  dispose(): void;
}

const activeVariance = 0.01;

/** What a draw is for: each has counters of its own. The first is that of a run's own evaluations. */
const steps = { bound: 0, importance: 1, bits: 2 } as const;

/** @param loaded with parameters, statistics and basis set */
export function createEvaluator(
  loaded: LoadedModel,
  { seed, importanceSamples, bits }: EvaluationOptions,
): Evaluator {
  const { generative } = generativeOf(loaded);
  const { latentCount } = generative;
  const meter = bits !== null && generative.isDensity ? createBitsMeter(loaded, bits.allComponents) : null;
  const means = createMoments(latentCount);
  let [rowCount, nll, kl, importance] = [0, 0, 0, 0];
  return {
    async add(batch, microBatch) {
      const draw = (step: number): DrawKey => ({ seed, purpose: 'evaluation', step, microBatch });
      const features = tf.tidy(() => featuresOf(loaded, batch));
      const bounds = await boundsOf(loaded, features, draw(steps.bound));
      nll += sum(bounds.nll);
      kl += sum(bounds.kl);
      means.add(bounds.posteriorMeans);
      if (importanceSamples > 0) {
        importance += sum(
          await importanceBounds(loaded, features, importanceSamples, draw(steps.importance)),
        );
      }
      features.dispose();
      await meter?.add(batch, draw(steps.bits));
      rowCount += batch.rowCount;
    },
    result() {
      assert(rowCount > 0, 'an evaluation of no rows');
      return {
        rowCount,
        elbo: -(nll + kl) / rowCount,
        nll: nll / rowCount,
        kl: kl / rowCount,
        importanceBound: importanceSamples > 0 ? importance / rowCount : null,
        importanceSamples,
        activeUnits: means.variances().filter((variance) => variance > activeVariance).length,
        latentCount,
        bitsPerDimension: meter?.result() ?? (generative.isDensity ? null : 'undefined'),
      };
    },
    dispose: () => meter?.dispose(),
  };
}

/** Mean and variance of columns, row after row (Welford 1962), so that large means cost no digits. */
export function createMoments(columnCount: number) {
  const means = new Float64Array(columnCount);
  const squares = new Float64Array(columnCount); // of distances from the mean
  let rowCount = 0;
  return {
    /** @param rows [any, columnCount] */
    add(rows: ArrayLike<number>): void {
      for (let start = 0; start < rows.length; start += columnCount) {
        rowCount++;
        for (let column = 0; column < columnCount; column++) {
          const distance = rows[start + column]! - means[column]!;
          means[column]! += distance / rowCount;
          squares[column]! += distance * (rows[start + column]! - means[column]!);
        }
      }
    },
    /** Biased. @returns [columnCount] */
    variances: (): Float64Array => squares.map((value) => value / rowCount),
  };
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
