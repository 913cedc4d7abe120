/**
 * The largest eigenvalue of a symmetric matrix that is known only by its products, such as a Hessian.
 *
 * Power iteration (Golub and Van Loan 2013, sec. 8.2): v becomes A v / |A v|, and v A v approaches the eigenvalue of
 * greatest magnitude. Largest means most positive: where that one is negative, it begins anew with A - value I, which
 * has none below 0.
 *
 * Lanczos' method needs fewer products, and is of no use here: products that are differences of gradients hold noise
 * (rounding, kinks of ReLU), which its three-term recurrence takes for the matrix, and its value grows with every
 * product. In v A v noise that is orthogonal to v has no part. Noise that depends on v can lead in the end to two
 * vectors in turn: the value is the mean of the last two, and compared with that of the two before.
 *
 * n size.
 */
import assert from 'node:assert';
import { streamOf, wordsOf } from './philox.ts';

/** Writes A v into `out`; both [n], v of unit length. */
export type Product = (v: Float64Array, out: Float64Array) => Promise<void>;

export interface EigenvalueOptions {
  readonly seed: number; // of the first vector
  readonly tolerance: number; // of the value's change in two products, as a part of it
  readonly productLimit: number;
}

export interface LargestEigenvalue {
  readonly value: number; // NaN where a product was not finite
  /** |A v - value v| for the unit vector v that was reached: so near the value there is an eigenvalue. */
  readonly residual: number;
  readonly productCount: number;
  readonly isSettled: boolean; // changed by no more than the tolerance
}

/** @param size n */
export async function largestEigenvalue(
  product: Product,
  size: number,
  options: EigenvalueOptions,
): Promise<LargestEigenvalue> {
  assert(size >= 1 && options.productLimit >= 1);
  const dominant = await iterate(product, size, 0, options);
  const { value, productCount } = dominant;
  const left = options.productLimit - productCount;
  if (!(value < 0) || left === 0) return { ...dominant, isSettled: dominant.isSettled && !(value < 0) };
  const top = await iterate(product, size, -value, { ...options, productLimit: left });
  return { ...top, productCount: productCount + top.productCount };
}

/** Of A + shift I; the value is that of A. */
async function iterate(
  product: Product,
  size: number,
  shift: number,
  { seed, tolerance, productLimit }: EigenvalueOptions,
): Promise<LargestEigenvalue> {
  const v = seededUnit(size, seed);
  const image = new Float64Array(size);
  const quotients: number[] = []; // v A v, one a product
  for (let productCount = 1; ; productCount++) {
    await product(v, image);
    const quotient = dot(v, image);
    quotients.push(quotient);
    let squares = 0; // of A v - quotient v
    for (let i = 0; i < size; i++) squares += (image[i]! - quotient * v[i]!) ** 2;
    const residual = Math.sqrt(squares);
    for (let i = 0; i < size; i++) image[i]! += shift * v[i]!;
    const length = Math.sqrt(dot(image, image));
    const [value, before] = [meanOf(quotients.slice(-2)), meanOf(quotients.slice(-4, -2))];
    const isQuiet = productCount >= 4 && Math.abs(value - before) <= tolerance * Math.abs(value);
    const isSettled = isQuiet || residual === 0;
    if (isSettled || productCount === productLimit || !(length > 0 && length < Infinity)) {
      return { value, residual, productCount, isSettled };
    }
    for (let i = 0; i < size; i++) v[i] = image[i]! / length;
  }
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Every entry 1 or -1, over sqrt(n): no direction is left out, and none is favoured. */
function seededUnit(size: number, seed: number): Float64Array {
  const word = wordsOf(seed, streamOf('eigen', 0, 1));
  const unit = 1 / Math.sqrt(size);
  return Float64Array.from({ length: size }, () => (word() & 1 ? unit : -unit));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
