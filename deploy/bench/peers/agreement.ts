/**
 * Whether two implementations do the same work: as many parameters, and the same loss and gradient norm of one
 * step with all draws off, on the same parameters and rows.
 */
import { runError } from '../../../shared/errors.ts';
import { formatCount } from '../../../shared/text.ts';

/** One gradient with all draws off; loss and norm are of the mean over rows. */
export interface Agreement {
  readonly parameterCount: number;
  readonly loss: number; // nats a row
  readonly gradientNorm: number;
}

export const tolerance = 1e-4; // relative, of sums in float32 that were made in another order

/** |got - expected| / |expected|; NaN where one is not finite. */
export const relativeDifference = (got: number, expected: number): number =>
  Math.abs(got - expected) / Math.abs(expected);

/**
 * @param peer who found `got`
 * @returns the larger of the two differences, relative
 * @throws LockstepError (1) where they differ: then a comparison of speed means nothing
 */
export function requireAgreement(peer: string, got: Agreement, expected: Agreement): number {
  if (got.parameterCount !== expected.parameterCount) {
    throw runError(
      `${peer} has ${formatCount(got.parameterCount)} parameters, expected ` +
        `${formatCount(expected.parameterCount)}: it is another model, and its speed says nothing`,
    );
  }
  const differences = (['loss', 'gradientNorm'] as const).map((name) => {
    const difference = relativeDifference(got[name], expected[name]);
    if (difference <= tolerance) return difference;
    throw runError(
      `${peer}: ${name} of one step without draws is ${got[name]}, expected ${expected[name]} within ` +
        `${tolerance} of it: it is another model, and its speed says nothing`,
    );
  });
  return Math.max(...differences);
}
