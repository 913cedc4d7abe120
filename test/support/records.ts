/** Records of a made-up run, as a journal is told them. */
import type { EvaluationRecord, StepRecord } from '../../coordinator/journal.ts';

export const stepOf = (step: number): StepRecord => ({
  step,
  epoch: step / 10,
  terms: { loss: 100 - step, kl: 0.1 * step },
  learningRate: 1e-4,
  klWeight: 1,
  gradientNorm: 2.5,
  noise: { squaredGradient: 0.25, trace: 12 },
  samples: 250,
  seconds: 0.5,
  phases: { parameters: 0.03125, compute: 0.21875, exchange: 0.125, commit: 0.0625 },
  workers: 2,
  committed: true,
});

export const evaluationOf = (step: number): EvaluationRecord => ({
  step,
  epoch: step / 10,
  seconds: step / 2,
  trainingMean: { loss: 101 - step },
  training: { loss: 100 - step, kl: 3 },
  heldOut: { loss: 102 - step, kl: 3 },
  test: null,
  samplesPerSecond: 500,
  workers: 2,
  noiseScale: 48,
  improved: true,
});
