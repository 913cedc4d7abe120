/**
 * The gradient noise scale of each batch size, early and late (McCandlish et al. 2018): the batch at which a sample is
 * worth half of what it is worth in a tiny batch. S and |G|^2 are averaged separately, over steps and seeds.
 */
import { addNoise, noiseScale, noNoise } from '../../../shared/math/noise-scale.ts';
import type { Arm } from './arms.ts';

export interface ArmNoise {
  readonly arm: Arm;
  readonly early: number | null; // samples, over the first quarter of steps; null: not available
  readonly late: number | null; // over the last quarter
  readonly worth: number | null; // of a sample at this batch, late: 1 / (1 + B / B_noise)
}

const part = 0.25;

export function noiseOf(arm: Arm): ArmNoise {
  const early = over(arm, (count) => [0, Math.ceil(part * count)]);
  const late = over(arm, (count) => [Math.floor((1 - part) * count), count]);
  const worth = late === null ? null : late === 0 ? 0 : 1 / (1 + arm.batchSize / late);
  return { arm, early, late, worth };
}

function over({ trials }: Arm, range: (count: number) => [number, number]): number | null {
  const estimates = trials.flatMap(({ run }) =>
    run.steps.slice(...range(run.steps.length)).flatMap(({ noise }) => noise ?? []),
  );
  const totals = estimates.reduce(
    (sum, { squaredGradient, trace }) => addNoise(sum, { gradientSquares: squaredGradient, noise: trace }),
    noNoise,
  );
  return noiseScale(totals);
}
