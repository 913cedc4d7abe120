/**
 * What changes from step to step by plan: the learning rate, and the weight of KL in the loss.
 *
 * Both are pure functions of the step, so that a resumed run goes on exactly. Warm-up is linear and reaches the
 * full value at its last step (Goyal et al. 2017); the decay covers the steps from there to the horizon.
 */

export interface LearningRateSettings {
  readonly learningRate: number; // after warm-up
  readonly learningRateSchedule: 'constant' | 'cosine' | 'linear';
  readonly warmUpSteps: number;
  readonly horizonSteps: number; // the decay ends here, at 0; not used by `constant`
}

/** Rounded to float32, as Adam uses it. @param step 0-based */
export function learningRateAt(settings: LearningRateSettings, step: number): number {
  const { learningRate, learningRateSchedule, warmUpSteps, horizonSteps } = settings;
  if (step < warmUpSteps) return Math.fround((learningRate * (step + 1)) / warmUpSteps);
  const progress = Math.min(1, (step - warmUpSteps) / Math.max(1, horizonSteps - warmUpSteps));
  switch (learningRateSchedule) {
    case 'constant':
      return Math.fround(learningRate);
    case 'cosine': // Loshchilov and Hutter 2017, eq. 5, one cycle
      return Math.fround(learningRate * 0.5 * (1 + Math.cos(Math.PI * progress)));
    case 'linear':
      return Math.fround(learningRate * (1 - progress));
    default:
      return learningRateSchedule satisfies never;
  }
}

export interface KlSettings {
  readonly klWeight: number; // after warm-up
  readonly klWarmUpSteps: number;
}

/** Rises linearly, as in Bowman et al. 2016. @param step 0-based */
export function klWeightAt({ klWeight, klWarmUpSteps }: KlSettings, step: number): number {
  return step < klWarmUpSteps ? (klWeight * (step + 1)) / klWarmUpSteps : klWeight;
}
