/** What a training program tells the world, and asks of it: the run folder, the screen, a request to stop. */
import type { Basis, RenderRequest, Terms } from '../shared/model/compute.ts';
import type { ModelDescription, Split } from '../shared/protocol/messages.ts';
import type { Progress } from './progress.ts';
import type { StepPhases } from './requests.ts';

/** Terms per sample. */
export interface StepRecord {
  readonly step: number; // 0-based
  readonly epoch: number; // steps x B / N at the end of the step
  readonly terms: Terms; // per sample, `loss` among them
  readonly learningRate: number;
  readonly klWeight: number;
  readonly gradientNorm: number;
  readonly noise: { readonly squaredGradient: number; readonly trace: number } | null;
  readonly samples: number;
  readonly seconds: number;
  readonly phases: StepPhases;
  readonly workers: number;
  readonly committed: boolean;
}

export interface EvaluationRecord {
  readonly step: number; // steps made
  readonly epoch: number; // passes over the training rows
  readonly seconds: number; // of training, evaluations not counted
  readonly trainingMean: Terms; // per sample, over the steps since the last evaluation
  readonly training: Terms; // frozen parameters, precise statistics
  readonly heldOut: Terms | null;
  readonly test: Terms | null;
  readonly samplesPerSecond: number;
  readonly workers: number;
  readonly noiseScale: number | null; // samples
  readonly improved: boolean;
}

/** Everything that a run needs to go on, as copies. */
export interface Snapshot {
  readonly progress: Progress; // plain JSON but for `statistics`, which stands beside it
  readonly parameters: Float32Array; // [P]
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  readonly statistics: Float32Array | null; // means, then variances
  readonly basis: Basis | null;
  readonly model: ModelDescription;
}

/** What is asked of a worker and comes back as pixels. */
export type PictureRequest = Exclude<RenderRequest, { readonly what: 'variance' }>;

export interface Picture {
  readonly name: string; // of the file, without extension
  readonly kind: PictureRequest['what'] | 'originals';
  readonly step: number;
  readonly split: Split;
  readonly rows: readonly number[]; // that it is about
  readonly columns: number;
  readonly pixels: Float32Array; // [count, D], 0 to 1
}

/** What the model takes for the variance of each component, beside what it is. */
export interface ComponentVariance {
  readonly step: number;
  readonly eigenvalues: Float32Array; // [K], of x / 255
  readonly learned: Float32Array; // [K], mean over held-out rows
}

export interface Journal {
  modelKnown(model: ModelDescription, backend: string): void;
  basisKnown(basis: Basis): void;
  stepDone(record: StepRecord): void;
  evaluated(record: EvaluationRecord): void;
  picture(picture: Picture): void;
  componentVariance(variance: ComponentVariance): void;
  /** Writes a checkpoint; the snapshot is the journal's from now on. */
  checkpoint(snapshot: Snapshot, best: boolean): void;
  /** Whether it is time for a checkpoint. @param step steps made @param endsEpoch whether the last one did */
  checkpointDue(step: number, endsEpoch: boolean): boolean;
  /** A snapshot that is needed no more, whose arrays may be overwritten by the next one's. */
  takeSpare(): Snapshot | null;
  stopRequested(): boolean;
  /** A basis from an earlier run with the same data, settings and solver. */
  cachedBasis(): Basis | null;
}
