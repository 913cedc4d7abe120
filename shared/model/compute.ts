/**
 * What a worker asks of its device: pure functions of (parameters, rows, draw key), arrays in and arrays out.
 *
 * The trainer above this interface knows no tensor; `createModelCompute` implements it for any `Model` on any
 * TensorFlow.js runtime, and the tests implement it in a few lines of plain arithmetic.
 */
import type { Batch, ImageShape } from '../data/dataset.ts';
import type { Layout } from '../math/layout.ts';
import type { Basis } from '../math/pca.ts';

export type { Basis };

/** What the bits depend on; it travels with HELLO. Two workers with equal fingerprints give equal bits. */
export interface Fingerprint {
  readonly backend: string; // tensorflow | webgpu | wasm | cpu | ...
  readonly version: string;
  readonly device: string; // GPU and driver, or CPU model
  readonly threads: number;
  readonly precision: string; // float32 | tf32
}

/** Names the random draws of one micro-batch: counters, never a stateful generator. */
export interface DrawKey {
  readonly seed: number; // of the run
  readonly purpose: 'training' | 'statistics' | 'evaluation' | 'pictures';
  readonly step: number; // 0 where there is none
  readonly microBatch: number;
}

/** Sums over the samples of a micro-batch, in float64; `loss` is always there. */
export type Terms = Readonly<Record<string, number>>;

/** What changes from step to step and is not a parameter. */
export interface StepSettings {
  readonly klWeight: number;
}

/** Pictures are made by a worker: what to draw. Pixels come back as float32 in [0, 1], [count, D]. */
export type RenderRequest =
  | { readonly what: 'samples'; readonly count: number; readonly draw: DrawKey } // from the prior
  | { readonly what: 'reconstructions'; readonly draw: DrawKey } // of the given rows, by decoder mean
  | {
      readonly what: 'posterior';
      readonly draws: number;
      readonly output: 'mean' | 'draw';
      readonly draw: DrawKey;
    }
  | { readonly what: 'interpolation'; readonly steps: number; readonly draw: DrawKey } // rows 2i to 2i+1
  | { readonly what: 'roundTrip'; readonly components: number; readonly clip: boolean }
  | { readonly what: 'variance'; readonly draw: DrawKey }; // no pixels: output variance of each feature, mean over rows, [1, K]

export interface Compute {
  readonly fingerprint: Fingerprint;
  readonly image: ImageShape;
  readonly layout: Layout;
  /** Names of the terms that `gradient` and `evaluate` give, `loss` first. */
  readonly termNames: readonly string[];
  /** Values of batch-norm statistics: means, then biased variances, of every layer; 0 without batch norm. */
  readonly statisticsLength: number; // S

  /** Takes copies; `parameters` [P] may be overwritten afterwards. */
  setParameters(parameters: Float32Array): Promise<void>;
  /** Whether the device's copy is these values, [P], bit for bit: it is read back. */
  holdsParameters(parameters: Float32Array): Promise<boolean>;
  setBasis(basis: Basis | null): Promise<void>;
  setStatistics(statistics: Float32Array): Promise<void>;

  /**
   * The gradient of the loss summed over the batch's samples, batch norm over this batch alone.
   * @param gradient [P], overwritten
   * @returns the loss terms, summed over samples
   */
  gradient(batch: Batch, draw: DrawKey, settings: StepSettings, gradient: Float32Array): Promise<Terms>;

  /** Mean and mean of squares of every batch-norm layer's input over this batch. @param sums [S], overwritten */
  statistics(batch: Batch, draw: DrawKey, sums: Float64Array): Promise<void>;

  /** Loss terms with the statistics that were set, without dropout, summed over samples. */
  evaluate(batch: Batch, draw: DrawKey, settings: StepSettings): Promise<Terms>;

  /** Adds up (x - 128)(x - 128)^T and (x - 128), exactly. @param sums [D * D + D], added to */
  covariance(batch: Batch, sums: Float64Array): Promise<void>;

  /** The K leading eigenvectors of the covariance that the sums describe. */
  basis(sums: Float64Array, rowCount: number, componentCount: number, whiten: boolean): Promise<Basis>;

  /** @param batch the rows that the request is about; none for samples. @returns pixels [count, D] */
  render(request: RenderRequest, batch: Batch | null): Promise<Float32Array>;

  dispose(): void;
}
