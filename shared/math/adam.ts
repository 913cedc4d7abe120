/**
 * The scalars of Adam at a step: Kingma and Ba 2015, algorithm 1. The arrays are the kernels' part.
 *
 * They are computed from the step number alone, never carried along, so a run that resumes has the very bits of
 * one that never stopped.
 */
import type { AdamScalars } from './kernels.ts';

export interface AdamSettings {
  readonly learningRate: number; // at this step
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/**
 * @param step 0-based: the paper's t is step + 1
 * @param gradientScale clip factor; 1 for none
 */
export function adamScalars(settings: AdamSettings, step: number, gradientScale = 1): AdamScalars {
  const { learningRate, beta1, beta2, epsilon } = settings;
  return {
    gradientScale,
    learningRate,
    beta1,
    beta2,
    epsilon,
    correction1: 1 / (1 - integerPower(beta1, step + 1)),
    correction2: 1 / (1 - integerPower(beta2, step + 1)),
  };
}

/** The factor that brings a mean gradient of this sum of squares to at most `clipNorm`; 1 for no clipping. */
export function clipScale(squares: number, clipNorm: number | null): number {
  const norm = Math.sqrt(squares);
  return clipNorm === null || norm <= clipNorm ? 1 : clipNorm / norm;
}

/** By repeated squaring: Math.pow may differ from one engine to the next, multiplications may not. */
export function integerPower(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}
