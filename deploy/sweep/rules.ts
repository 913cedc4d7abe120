/**
 * How the learning rate follows the batch size, from what it is at the reference batch B0, the smallest of a sweep:
 *
 *   none    the same at every size
 *   sqrt    times sqrt(B / B0): for Adam (Malladi et al. 2022, "On the SDEs and scaling rules for adaptive gradient
 *           algorithms"), the rate alone; its decays stay as they are
 *   linear  times B / B0: for SGD (Goyal et al. 2017), which asks for a warm-up as well: --warm-up-steps
 */
import { usageError } from '../../shared/errors.ts';
import { didYouMean } from '../../shared/runtime/nearest.ts';
import { split } from './axes.ts';

export const learningRateRules = ['none', 'sqrt', 'linear'] as const;
export type LearningRateRule = (typeof learningRateRules)[number];

/** @throws LockstepError (64) */
export function parseRules(text: string): LearningRateRule[] {
  return split('learningRateRule', text).map((name) => {
    const rule = learningRateRules.find((each) => each === name);
    if (rule !== undefined) return rule;
    const hint = didYouMean(name, learningRateRules);
    throw usageError(
      `--learning-rate-rule got ${JSON.stringify(name)}, expected some of ${learningRateRules.join(', ')}${hint}`,
    );
  });
}

/** The learning rate of a batch size; rounded to 6 digits, so that it reads as what a person would type. */
export function scaledLearningRate(
  rule: LearningRateRule,
  learningRate: number, // at the reference batch
  batchSize: number,
  referenceBatchSize: number,
): number {
  const k = batchSize / referenceBatchSize;
  const factor = { none: 1, sqrt: Math.sqrt(k), linear: k }[rule];
  return factor === 1 ? learningRate : Number((learningRate * factor).toPrecision(6));
}
