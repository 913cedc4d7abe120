/**
 * Principal components from exact sums: the leading eigenvectors of the covariance of x / 255.
 *
 * The sums are over y = x - 128, so the mean is (mean(y) + 128) / 255, and the covariance
 * (sum of y y^T - n mean(y) mean(y)^T) / (n - 1) / 255^2. Only the eigenvectors depend on the device.
 */
import assert from 'node:assert';
import type { Basis } from './compute.ts';
import { unavailableError } from '../errors.ts';
import type { Runtime } from './runtime.ts';

/**
 * @param sums [D * D + D]: of y y^T, then of y
 * @param componentCount K, at most D
 */
export async function leadingComponents(
  runtime: Runtime,
  sums: Float64Array,
  rowCount: number,
  componentCount: number,
  whiten: boolean,
): Promise<Basis> {
  const size = Math.round(Math.sqrt(sums.length + 0.25) - 0.5); // D * D + D = (D + 1/2)^2 - 1/4
  assert.equal(sums.length, size * size + size, 'values of the sums');
  assert(
    rowCount > 1 && componentCount <= size,
    `${componentCount} components of ${rowCount} rows of ${size}`,
  );
  const covariance = covarianceOf(sums, size, rowCount);
  if (runtime.eigen === null) throw unavailableError(`no eigen-solver on ${runtime.fingerprint.backend}`);
  const { values, vectors } = await runtime.eigen(Float32Array.from(covariance), size);
  const eigenvalues = new Float32Array(componentCount);
  const components = new Float32Array(componentCount * size); // [K, D]
  for (let index = 0; index < componentCount; index++) {
    const column = size - 1 - index; // ascending
    eigenvalues[index] = Math.max(values[column] ?? NaN, 0);
    const component = components.subarray(index * size, (index + 1) * size);
    for (let row = 0; row < size; row++) component[row] = vectors[row * size + column] ?? NaN;
    makeLargestPositive(component);
  }
  return {
    featureCount: size,
    componentCount,
    mean: Float32Array.from(sums.subarray(size * size), (sum) => (sum / rowCount + 128) / 255),
    vectors: components,
    eigenvalues,
    totalVariance: traceOf(covariance, size),
    whiten,
  };
}

/** [D, D], of x / 255, unbiased. */
function covarianceOf(sums: Float64Array, size: number, rowCount: number): Float64Array {
  const means = sums.subarray(size * size).map((sum) => sum / rowCount);
  const scale = 1 / ((rowCount - 1) * 255 ** 2);
  const covariance = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const at = row * size + column;
      const outer = rowCount * (means[row] ?? NaN) * (means[column] ?? NaN);
      covariance[at] = ((sums[at] ?? NaN) - outer) * scale;
    }
  }
  return covariance;
}

function traceOf(matrix: Float64Array, size: number): number {
  let trace = 0;
  for (let index = 0; index < size; index++) trace += matrix[index * size + index] ?? NaN;
  return trace;
}

/** An eigenvector is defined up to its sign: the entry of largest magnitude is made positive. */
function makeLargestPositive(vector: Float32Array): void {
  let largest = 0;
  for (const value of vector) if (Math.abs(value) > Math.abs(largest)) largest = value;
  if (largest < 0) for (let index = 0; index < vector.length; index++) vector[index] = -(vector[index] ?? 0);
}
