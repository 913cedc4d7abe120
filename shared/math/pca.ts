/**
 * The algebra of principal components: from exact sums over rows to a basis, and a basis as one flat array.
 *
 * The sums are of (x - 128)(x - 128)^T and of (x - 128), over bytes x: integers, exact in float64 in whatever
 * order they were added up. The basis is that of x / 255: centred, and not whitened unless asked.
 *
 * D features (pixel values), K components, n rows.
 */
import assert from 'node:assert';
import { dataError, usageError } from '../errors.ts';
import { eigenSymmetric, type Eigenpairs } from './eigen.ts';

/** The projection of rows onto K components. */
export interface Basis {
  readonly featureCount: number; // D
  readonly componentCount: number; // K
  readonly mean: Float32Array; // [D], of x / 255
  readonly vectors: Float32Array; // [K, D], unit length, largest entry positive
  readonly eigenvalues: Float32Array; // [K], variances of x / 255, descending
  readonly totalVariance: number; // trace of the covariance
  readonly whiten: boolean;
}

/** @throws LockstepError (64) when the images cannot have so many components */
export function checkComponentCount(componentCount: number, featureCount: number): void {
  if (componentCount <= featureCount) return;
  throw usageError(
    `--components ${componentCount} of images of ${featureCount} values: use at most ${featureCount}, or none`,
  );
}

/**
 * The leading components of the rows that the sums describe: the same bits on every machine.
 * @param sums [D * D + D]
 * @throws LockstepError (65) of fewer than two rows
 */
export function leadingComponents(
  sums: Float64Array,
  featureCount: number,
  rowCount: number,
  componentCount: number,
  whiten: boolean,
): Basis {
  const covariance = covarianceOf(sums, featureCount, rowCount);
  const eigenpairs = eigenSymmetric(covariance, featureCount, componentCount);
  return createBasis(sums, featureCount, rowCount, eigenpairs, whiten);
}

/**
 * The sample covariance of x / 255 (divided by n - 1, as in numpy.cov and scikit-learn).
 *
 * n * (sum of products) - (product of sums) is an integer, and below 2^53 up to 741,000 rows: exact.
 * @param sums [D * D + D] @returns [D, D]
 */
export function covarianceOf(sums: Float64Array, featureCount: number, rowCount: number): Float64Array {
  assert(
    sums.length === featureCount * (featureCount + 1),
    `${sums.length} sums of ${featureCount} features`,
  );
  if (rowCount < 2) throw dataError(`principal components of ${rowCount} rows: at least 2 are needed`);
  const products = sums.subarray(0, featureCount * featureCount);
  const totals = sums.subarray(featureCount * featureCount);
  const divisor = covarianceDivisor(rowCount);
  const covariance = new Float64Array(products.length);
  for (let row = 0; row < featureCount; row++) {
    const total = totals[row] ?? 0;
    for (let column = 0; column < featureCount; column++) {
      const at = row * featureCount + column;
      covariance[at] = (rowCount * (products[at] ?? 0) - total * (totals[column] ?? 0)) / divisor;
    }
  }
  return covariance;
}

/** The trace of `covarianceOf`, without the rest. */
function totalVarianceOf(sums: Float64Array, featureCount: number, rowCount: number): number {
  const divisor = covarianceDivisor(rowCount);
  let variance = 0;
  for (let feature = 0; feature < featureCount; feature++) {
    const total = sums[featureCount * featureCount + feature] ?? 0;
    variance += (rowCount * (sums[feature * (featureCount + 1)] ?? 0) - total ** 2) / divisor;
  }
  return variance;
}

const covarianceDivisor = (rowCount: number): number => rowCount * (rowCount - 1) * 255 ** 2;

/** The mean of x / 255. @returns [D] */
export function meanOf(sums: Float64Array, featureCount: number, rowCount: number): Float32Array {
  const totals = sums.subarray(featureCount * featureCount);
  return Float32Array.from(totals, (total) => (total / rowCount + 128) / 255);
}

/**
 * The basis of the rows that the sums describe.
 *
 * An eigenvalue that rounding left below 0 becomes 0; of each vector the entry of largest magnitude (the first
 * of several) is positive.
 */
export function createBasis(
  sums: Float64Array,
  featureCount: number,
  rowCount: number,
  { values, vectors }: Eigenpairs,
  whiten: boolean,
): Basis {
  const oriented = new Float32Array(vectors);
  for (let start = 0; start < oriented.length; start += featureCount) {
    orient(oriented.subarray(start, start + featureCount));
  }
  return {
    featureCount,
    componentCount: values.length,
    mean: meanOf(sums, featureCount, rowCount),
    vectors: oriented,
    eigenvalues: Float32Array.from(values, (value) => Math.max(0, value)),
    totalVariance: totalVarianceOf(sums, featureCount, rowCount),
    whiten,
  };
}

/** Flips a vector, in place, whose entry of largest magnitude is negative. */
export function orient(vector: Float32Array): void {
  let largest = 0;
  for (const value of vector) if (Math.abs(value) > Math.abs(largest)) largest = value;
  if (largest < 0) vector.forEach((value, i) => (vector[i] = -value));
}

/** Of bytes that are spread evenly over a step of 1 / 256: no variance that is measured means less. */
export const smallestVariance = 1 / (12 * 256 ** 2);

/** By which a component is divided when it is whitened. */
export const deviationOf = (eigenvalue: number): number => Math.sqrt(Math.max(eigenvalue, smallestVariance));

/** The part of all variance that each component carries, [K]. */
export function explainedVariance({ eigenvalues, totalVariance }: Basis): Float64Array {
  return Float64Array.from(eigenvalues, (value) => (totalVariance === 0 ? 0 : value / totalVariance));
}

const headerLength = 6; // D, K, whiten, and the total variance as three float32 that add up to it exactly

/** Values of an encoded basis. */
export const basisLength = (featureCount: number, componentCount: number): number =>
  headerLength + featureCount + componentCount + componentCount * featureCount;

/** A basis as one array, for the wire and checkpoints: header, mean, eigenvalues, vectors. */
export function encodeBasis(basis: Basis): Float32Array {
  const { featureCount, componentCount, mean, eigenvalues, vectors, totalVariance, whiten } = basis;
  const flat = new Float32Array(basisLength(featureCount, componentCount));
  flat.set([featureCount, componentCount, whiten ? 1 : 0, ...splitFloat64(totalVariance)]);
  flat.set(mean, headerLength);
  flat.set(eigenvalues, headerLength + featureCount);
  flat.set(vectors, headerLength + featureCount + componentCount);
  return flat;
}

/**
 * The basis that was encoded, with views of the array.
 * @throws LockstepError (65) when the array is no basis of images of `featureCount` values
 */
export function decodeBasis(flat: Float32Array, featureCount: number): Basis {
  const [features = 0, componentCount = 0, whiten = 0, high = 0, middle = 0, low = 0] = flat;
  if (features !== featureCount || flat.length !== basisLength(features, componentCount)) {
    throw dataError(
      `a basis of ${flat.length} values for ${componentCount} components of ${features} values, where images ` +
        `have ${featureCount}: it belongs to another data set`,
    );
  }
  const eigenvaluesAt = headerLength + featureCount;
  const vectorsAt = eigenvaluesAt + componentCount;
  return {
    featureCount,
    componentCount,
    mean: flat.subarray(headerLength, eigenvaluesAt),
    eigenvalues: flat.subarray(eigenvaluesAt, vectorsAt),
    vectors: flat.subarray(vectorsAt),
    totalVariance: high + middle + low,
    whiten: whiten === 1,
  };
}

/** Three float32 whose sum, from left to right, is the value. */
function splitFloat64(value: number): [number, number, number] {
  const high = Math.fround(value);
  const middle = Math.fround(value - high);
  return [high, middle, value - high - middle];
}
