/**
 * Evaluating frozen parameters: batch-norm statistics first, then the loss over fixed rows of each split.
 *
 * The statistics are no moving average: they are re-estimated from a fixed set of training micro-batches with
 * the parameters as they are ("precise BN", Wu and Johnson 2021, sec. 3.1), aggregated over the micro-batches
 * as the mean of means and the total (biased) variance.
 */
import type { Terms } from '../shared/model/compute.ts';
import type { Split } from '../shared/protocol/messages.ts';
import type { Workload } from '../shared/runtime/workload.ts';
import { ask, type Program } from './requests.ts';

/** @param length S: means and variances of every batch-norm layer. @returns null for a model without */
export function* estimateStatistics(workload: Workload, length: number): Program<Float32Array | null> {
  if (length === 0) return null;
  const spec = { kind: 'statistics' } as const;
  const leafCount = workload.leafCount(spec);
  const request = { kind: 'sum', spec, leafCount, resultLength: length, dtype: 'float64' } as const;
  const { values } = (yield* ask(request, 'sum')).result;
  const statistics = aggregateStatistics(values as Float64Array, leafCount);
  yield* ask({ kind: 'publish', array: 'statistics', values: statistics }, 'done');
  return statistics;
}

/**
 * @param sums [S]: means, then means of squares, summed over micro-batches
 * @returns [S]: means, then biased variances
 */
export function aggregateStatistics(sums: Float64Array, microBatchCount: number): Float32Array {
  const half = sums.length / 2;
  const statistics = new Float32Array(sums.length);
  for (let i = 0; i < half; i += 1) {
    const mean = sums[i]! / microBatchCount;
    statistics[i] = mean;
    statistics[half + i] = Math.max(0, sums[half + i]! / microBatchCount - mean * mean);
  }
  return statistics;
}

/** Loss terms per sample of a split's fixed rows; null when it has none. */
export function* evaluateSplit(workload: Workload, split: Split, klWeight: number): Program<Terms | null> {
  const rowCount = workload.evaluationCount(split);
  if (rowCount === 0) return null;
  const spec = { kind: 'evaluate', split, rowCount, settings: { klWeight } } as const;
  const leafCount = workload.leafCount(spec);
  const request = { kind: 'sum', spec, leafCount, resultLength: 0, dtype: 'float32' } as const;
  const { terms, sampleCount } = (yield* ask(request, 'sum')).result;
  return perSample(terms, sampleCount);
}

export function perSample(terms: Terms, sampleCount: number): Terms {
  return Object.fromEntries(Object.entries(terms).map(([name, value]) => [name, value / sampleCount]));
}
