/** Sweeps that never were, with losses by a formula: what is true of them is known. */
import type { EvaluationRecord } from '../../coordinator/journal.ts';
import type { Trial } from '../../deploy/report/sweep/read-sweep.ts';
import type { SharpnessRecord } from '../../deploy/trained/sharpness-file.ts';
import type { TrialPlan } from '../../deploy/sweep/plan.ts';
import { configSchema, type Config } from '../../shared/runtime/config.ts';
import { presets } from '../../shared/runtime/presets.ts';
import { madeUpEvaluation, madeUpStep } from './made-up-run.ts';

export const trainingRows = 20_000;

/** A trial of preset digits, in micro-batches of 50. */
export function madeUpPlan(settings: Partial<Config>, more: Partial<TrialPlan> = {}): TrialPlan {
  const config = configSchema.parse({ ...presets.digits.settings, microBatchSize: 50, ...settings });
  const name = `batch-${config.batchSize}-seed-${config.seed}`;
  return { name, preset: 'digits', config, rule: 'none', isControl: false, ...more };
}

export interface Made {
  readonly plan: TrialPlan;
  readonly epochs: number;
  readonly sharpness?: SharpnessRecord | null;
  /** Held-out loss. @param at where the evaluation stands */
  readonly loss: (at: { readonly epoch: number; readonly step: number }) => number;
}

const stepSeconds = 0.01;
const evaluationsPerEpoch = 4;

/** A finished trial: a smooth history, evaluated often. */
export function madeUpTrial({ plan, epochs, loss, sharpness = null }: Made): Trial {
  const perEpoch = trainingRows / plan.config.batchSize;
  const count = Math.round(epochs * evaluationsPerEpoch);
  const evaluations = Array.from({ length: count }, (_, index): EvaluationRecord => {
    const epoch = (index + 1) / evaluationsPerEpoch;
    const step = Math.round(epoch * perEpoch);
    const value = loss({ epoch, step });
    const terms = { loss: value, nll: value - 10, kl: 10 };
    const seconds = step * stepSeconds * (1 + plan.config.batchSize / 1000);
    return { ...madeUpEvaluation(1), epoch, step, seconds, training: terms, heldOut: terms };
  });
  const steps = Array.from({ length: 20 }, (_, step) => ({
    ...madeUpStep(step),
    samples: plan.config.batchSize,
  }));
  return { plan, run: { steps, evaluations, pictures: [], sharpness } };
}

/** Reproducible normal deviates, by Box and Muller from a small generator. */
export function createNoise(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    state = Math.imul(state ^ (state >>> 12), 0x297a2d39) >>> 0;
    return (((state ^ (state >>> 15)) >>> 0) + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
