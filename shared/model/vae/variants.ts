/**
 * Which likelihoods and variance heads go together: the one table, for the code, the documents and the tests.
 *
 * - `variance` has a head whose ReLU output, plus a floor, is the variance of each component. Frozen, it stays
 *   at its first, random values, as it did in the post's own run.
 * - `logVariance` has a head, or one learned number for all (the sigma-VAE of Rybkin et al. 2021).
 * - `fixedVariance` has one variance that is not learned (Doersch 2016).
 * - `bernoulli` reads rows as probabilities, which only pixels are.
 */
import { usageError } from '../../errors.ts';
import type { ModelSettings } from '../settings.ts';

export type Likelihood = ModelSettings['likelihood'];
export type VarianceHead = Exclude<ModelSettings['varianceHead'], 'auto'>;

interface Variant {
  readonly heads: readonly [VarianceHead, ...VarianceHead[]]; // the first one is what `auto` means
  readonly pixelsOnly: boolean;
}

export const variants: Readonly<Record<Likelihood, Variant>> = {
  variance: { heads: ['trained', 'frozen'], pixelsOnly: false },
  logVariance: { heads: ['trained', 'shared'], pixelsOnly: false },
  fixedVariance: { heads: ['none'], pixelsOnly: false },
  bernoulli: { heads: ['none'], pixelsOnly: true },
};

/**
 * The variance head that the settings mean.
 *
 * @param onPixels whether the rows are pixels rather than principal components
 * @throws LockstepError (64) for a pair that the table does not have
 */
export function varianceHeadOf(
  { likelihood, varianceHead }: Pick<ModelSettings, 'likelihood' | 'varianceHead'>,
  onPixels: boolean,
): VarianceHead {
  const { heads, pixelsOnly } = variants[likelihood];
  if (pixelsOnly && !onPixels) {
    throw usageError(
      `--likelihood ${likelihood} needs values between 0 and 1, and principal components are not: ` +
        'add --components none, or take --likelihood variance',
    );
  }
  if (varianceHead === 'auto') return heads[0];
  if (!heads.includes(varianceHead)) {
    throw usageError(
      `--variance-head ${varianceHead} does not go with --likelihood ${likelihood}, expected ` +
        `${heads.join(' or ')}: give one of these, or leave it out`,
    );
  }
  return varianceHead;
}
