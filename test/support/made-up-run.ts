/** Records of a run that never was: smooth curves, so that tests know what text and plots must hold. */
import type { EvaluationRecord, StepRecord } from '../../coordinator/journal.ts';
import type { SharpnessRecord } from '../../deploy/trained/sharpness-file.ts';

export const stepsPerEpoch = 20;

/** Step `step` (0-based): the loss falls from 40 towards -12, 250 samples in 0.03 s, 9 % of it in the exchange. */
export function madeUpStep(step: number): StepRecord {
  const loss = -12 + 52 * Math.exp(-step / 40) + Math.sin(step * 1.7);
  const seconds = 0.03;
  return {
    step,
    epoch: (step + 1) / stepsPerEpoch,
    terms: { loss, nll: loss - 12.8, kl: 12.8, squaredError: 1.5 },
    learningRate: 1e-3,
    klWeight: 1,
    gradientNorm: 3,
    noise: { squaredGradient: 0.5, trace: 120 },
    samples: 250,
    seconds,
    phases: {
      parameters: 0.05 * seconds,
      compute: 0.8 * seconds,
      exchange: 0.09 * seconds,
      commit: 0.04 * seconds,
    },
    workers: 2,
    committed: true,
  };
}

/** The evaluation after `epoch` whole epochs. */
export function madeUpEvaluation(epoch: number): EvaluationRecord {
  const step = epoch * stepsPerEpoch;
  const training = -12 + 52 * Math.exp(-step / 40);
  const termsOf = (loss: number): Record<string, number> => ({ loss, nll: loss - 12.8, kl: 12.8 });
  return {
    step,
    epoch,
    seconds: step * 0.03,
    trainingMean: termsOf(training + 2),
    training: termsOf(training),
    heldOut: termsOf(training + 0.5),
    test: null,
    samplesPerSecond: 8400,
    workers: 2,
    noiseScale: 240 + 10 * epoch,
    improved: true,
  };
}

/** Of 1,000 rows after 800 steps. */
export const madeUpSharpness = (changes: Partial<SharpnessRecord>): SharpnessRecord => ({
  step: 800,
  parametersSha256: '',
  runtime: 'wasm',
  rowCount: 1000,
  rho: 0.05,
  loss: 200,
  gradientNorm: 3,
  rise: 0.2,
  eigenvalue: 500,
  residual: 1,
  productCount: 12,
  isSettled: true,
  ...changes,
});
