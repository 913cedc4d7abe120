/**
 * The gradient noise scale: how large a batch may grow before it stops paying (McCandlish, Kaplan, Amodei et
 * al. 2018, "An empirical model of large-batch training", appendix A.1).
 *
 * Two batch sizes measure the same gradient: one micro-batch of b samples and the whole batch of B = M b. The
 * expected squares of their mean gradients are |G|^2 + S / b and |G|^2 + S / B, two equations for the true
 * |G|^2 and the trace S of the per-sample covariance. Both estimates are unbiased, their ratio is not, so S
 * and |G|^2 are averaged over steps separately and divided last.
 */

/** What a step knows of its gradient. */
export interface GradientSquares {
  readonly microBatchCount: number; // M
  readonly microBatchSize: number; // b
  /** The sum over micro-batches of |g|^2, each g summed over its samples. */
  readonly leafSquares: number;
  /** |mean gradient of the batch|^2, before L2 and clipping. */
  readonly meanSquares: number;
}

/** Unbiased estimates; either may be negative at a single step. */
export interface NoiseEstimate {
  readonly gradientSquares: number; // |G|^2
  readonly noise: number; // S
}

/** @returns null (not available) with a single micro-batch: one batch size gives one equation */
export function estimateNoise(squares: GradientSquares): NoiseEstimate | null {
  const { microBatchCount, microBatchSize: b, leafSquares, meanSquares } = squares;
  if (microBatchCount < 2) return null;
  const batch = microBatchCount * b;
  const smallSquares = leafSquares / (microBatchCount * b * b); // mean over micro-batches of |g / b|^2
  return {
    gradientSquares: (batch * meanSquares - b * smallSquares) / (batch - b),
    noise: (smallSquares - meanSquares) / (1 / b - 1 / batch),
  };
}

/** Sums over steps. */
export interface NoiseTotals extends NoiseEstimate {
  readonly stepCount: number;
}

export const noNoise: NoiseTotals = { stepCount: 0, gradientSquares: 0, noise: 0 };

export function addNoise(totals: NoiseTotals, estimate: NoiseEstimate): NoiseTotals {
  return {
    stepCount: totals.stepCount + 1,
    gradientSquares: totals.gradientSquares + estimate.gradientSquares,
    noise: totals.noise + estimate.noise,
  };
}

/** B_simple = S / |G|^2, in samples; null as long as the averages say nothing (no step, or |G|^2 <= 0). */
export function noiseScale({ stepCount, gradientSquares, noise }: NoiseTotals): number | null {
  if (stepCount === 0 || !(gradientSquares > 0)) return null;
  return Math.max(0, noise) / gradientSquares;
}
