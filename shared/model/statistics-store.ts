/**
 * Batch-norm statistics between the flat array that travels and the tensors that a model reads.
 *
 * The array, [S], holds the means of all layers in the model's order, then what belongs to their variances.
 */
import assert from 'node:assert';
import type { Tensor1D } from '@tensorflow/tfjs-core';
import { dispose, keep } from '@tensorflow/tfjs-core';
import type { EvaluationMode, StatisticsSpec } from './model.ts';
import type { Runtime } from './runtime.ts';

export interface StatisticsStore {
  readonly length: number; // S
  /** Takes a copy of means, then biased variances. */
  set(values: Float32Array): void;
  mode(): EvaluationMode;
  dispose(): void;
}

type Moments = Readonly<Record<string, { readonly mean: Tensor1D; readonly variance: Tensor1D }>>;

/** Where each layer lies: the first value of its means, and that of its variances. */
function placesOf(specs: readonly StatisticsSpec[]) {
  const half = specs.reduce((sum, { size }) => sum + size, 0);
  let at = 0;
  const places = specs.map(({ name, size }) => {
    const meanOffset = at;
    at += size;
    return { name, size, meanOffset, squareOffset: half + meanOffset };
  });
  return { length: 2 * half, places };
}

export function createStatisticsStore(specs: readonly StatisticsSpec[], runtime: Runtime): StatisticsStore {
  const { length, places } = placesOf(specs);
  let moments: Moments | null = length === 0 ? {} : null;
  const release = (): void =>
    dispose(Object.values(moments ?? {}).flatMap(({ mean, variance }) => [mean, variance]));
  return {
    length,
    set(values) {
      assert.equal(values.length, length, 'values of [S]');
      release();
      const cut = (offset: number, size: number): Tensor1D =>
        runtime.upload(values.subarray(offset, offset + size), [size]) as Tensor1D;
      moments = Object.fromEntries(
        places.map(({ name, size, meanOffset, squareOffset }) => [
          name,
          { mean: cut(meanOffset, size), variance: cut(squareOffset, size) },
        ]),
      );
    },
    mode() {
      assert(moments !== null, 'batch-norm statistics are needed before they were set');
      return { kind: 'evaluation', statistics: moments };
    },
    dispose: release,
  };
}

export interface Observer {
  /** For `TrainingMode.observe`. */
  observe(name: string, mean: Tensor1D, variance: Tensor1D): void;
  /** Reads what was observed, and lets go of it. @param sums [S], overwritten: means, then means of squares */
  collect(sums: Float64Array): Promise<void>;
}

/** Watches the moments of every layer during one run through the model. */
export function createObserver(specs: readonly StatisticsSpec[]): Observer {
  const { length, places } = placesOf(specs);
  const seen = new Map<string, { mean: Tensor1D; variance: Tensor1D }>();
  return {
    observe(name, mean, variance) {
      assert(!seen.has(name), `${name} was observed twice`);
      seen.set(name, { mean: keep(mean), variance: keep(variance) });
    },
    async collect(sums) {
      assert.equal(sums.length, length, 'values of [S]');
      for (const { name, size, meanOffset, squareOffset } of places) {
        const layer = seen.get(name);
        assert(layer !== undefined, `${name} was not observed`);
        const means = await layer.mean.data<'float32'>();
        const variances = await layer.variance.data<'float32'>();
        for (let index = 0; index < size; index++) {
          const mean = means[index] ?? NaN;
          sums[meanOffset + index] = mean;
          sums[squareOffset + index] = (variances[index] ?? NaN) + mean * mean;
        }
        dispose([layer.mean, layer.variance]);
      }
    },
  };
}
