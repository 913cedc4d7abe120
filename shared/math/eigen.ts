/**
 * Leading eigenpairs of a symmetric matrix: what principal components need, without LAPACK.
 *
 * 1. Householder's reduction to a tridiagonal matrix T = Q^T A Q (assembly/eigen.ts).
 * 2. The largest eigenvalues of T by bisection on Sturm's count: right for any clusters.
 * 3. Their eigenvectors by inverse iteration from seeded starts, each made orthogonal to all before it, so that
 *    vectors of equal eigenvalues (pixels that never change have many 0) are a basis of their space.
 * 4. Back to A's eigenvectors, Q z.
 *
 * Deterministic, and the same bits on any machine: WebAssembly's float64 on one thread, in one order.
 * n size, K count.
 */
import assert from 'node:assert';
import { createKernels, type Kernels } from './kernels.ts';
import { kernelsModule } from './kernels-module.ts';
import { streamOf } from './philox.ts';

export interface Eigenpairs {
  readonly values: Float64Array; // [K], descending
  readonly vectors: Float64Array; // [K, n], unit length
}

/** What assembly/eigen.ts and assembly/tridiagonal.ts export; arrays are byte offsets. */
interface EigenExports {
  reduceStep(
    matrix: number,
    i: number,
    w: number,
    y: number,
    diagonal: number,
    offDiagonal: number,
    betas: number,
  ): void;
  reflectFour(matrix: number, n: number, betas: number, vectors: number): void;
  orthogonalise(x: number, vectors: number, count: number, n: number): void;
  countAbove(diagonal: number, offDiagonal: number, n: number, x: number, smallest: number): number;
  factorise(
    diagonal: number,
    offDiagonal: number,
    n: number,
    x: number,
    smallest: number,
    factors: number,
  ): void;
  solve(factors: number, n: number, b: number): void;
  residual(diagonal: number, offDiagonal: number, n: number, x: number, z: number): number;
  normalise(z: number, n: number): number;
}

interface Workspace {
  readonly kernels: Kernels;
  readonly compiled: EigenExports;
  readonly size: number; // n
  readonly matrix: number; // lower triangle, row after row, and a row of zeros
  readonly diagonal: number; // [n]
  readonly offDiagonal: number; // [n]
  readonly betas: number; // [n + 1]
  readonly factors: number; // [5 n]
  readonly vectors: number; // [K rounded up to a multiple of 4, n]
  readonly start: number; // [n], float32
}

const epsilon = 2 ** -52;
const tolerance = 4 * epsilon; // of a residual, as a part of n |T|
const iterationLimit = 8;

/** What a pivot of T - x is at least, where rounding or a matrix of zeros would leave none. */
const smallestPivot = (bound: number): number => epsilon ** 2 * bound || 2 ** -500;

/**
 * The `count` largest eigenvalues, descending, and their eigenvectors, of unit length.
 *
 * About (4/3) n^3 + 8 n K^2 operations: for K = 500, half a second at n = 784 and seven at n = 3072.
 * @param matrix [n, n], finite; its lower triangle is read
 * @returns values [K], vectors [K, n]
 */
export function eigenSymmetric(
  matrix: Float64Array,
  size: number,
  count: number,
  wasm: WebAssembly.Module = kernelsModule(),
): Eigenpairs {
  assert(size > 0 && matrix.length === size * size, `${matrix.length} values of a matrix of size ${size}`);
  assert(count > 0 && count <= size, `${count} eigenpairs of a matrix of size ${size}`);
  const work = createWorkspace(size, count, wasm);
  const scale = loadTriangle(work, matrix);
  reduce(work);
  const bound = boundOf(work);
  const scaled = largestEigenvalues(work, count, bound);
  scaled.forEach((value, index) => findVector(work, value, index, bound));
  for (let first = 0; first < count; first += 4) {
    work.compiled.reflectFour(work.matrix, size, work.betas, work.vectors + 8 * first * size);
  }
  return {
    values: scaled.map((value) => value * scale),
    vectors: work.kernels.float64(work.vectors, count * size).slice(),
  };
}

function createWorkspace(size: number, count: number, wasm: WebAssembly.Module): Workspace {
  const vectorCount = 4 * Math.ceil(count / 4);
  const triangle = ((size + 1) * (size + 2)) / 2;
  const lengths = [triangle, size, size, size + 1, 5 * size, vectorCount * size, size, size, size];
  const kernels = createKernels(
    lengths.reduce((sum, length) => sum + 8 * length + 64, 0),
    wasm,
  );
  const allocate = (length: number): number => kernels.allocate(8 * length);
  const instance = new WebAssembly.Instance(wasm, { env: { memory: kernels.memory } });
  return {
    kernels,
    compiled: instance.exports as unknown as EigenExports,
    size,
    matrix: allocate(triangle),
    diagonal: allocate(size),
    offDiagonal: allocate(size),
    betas: allocate(size + 1),
    factors: allocate(5 * size),
    vectors: allocate(vectorCount * size),
    start: allocate(size),
  };
}

/** Copies the triangle, divided by a power of two that brings its largest entry near 1. @returns the power */
function loadTriangle({ kernels, size, matrix: to }: Workspace, matrix: Float64Array): number {
  const largest = matrix.reduce((found, value) => Math.max(found, Math.abs(value)), 0);
  assert(Number.isFinite(largest), 'eigenvalues of a matrix that is not finite');
  const scale = largest === 0 ? 1 : 2 ** Math.floor(Math.log2(largest));
  const triangle = kernels.float64(to, (size * (size + 1)) / 2);
  for (let row = 0; row < size; row++) {
    const start = (row * (row + 1)) / 2;
    triangle.set(matrix.subarray(row * size, row * size + row + 1), start);
    for (let i = start; i <= start + row; i++) triangle[i] = (triangle[i] ?? 0) / scale;
  }
  return scale;
}

function reduce({ kernels, compiled, size, matrix, diagonal, offDiagonal, betas }: Workspace): void {
  let [w, y] = [kernels.allocate(8 * size), kernels.allocate(8 * size)];
  for (let i = size - 1; i >= 0; i--) {
    compiled.reduceStep(matrix, i, w, y, diagonal, offDiagonal, betas);
    [w, y] = [y, w];
  }
}

/** A bound of |T|, after Gershgorin. */
function boundOf({ kernels, size, diagonal, offDiagonal }: Workspace): number {
  const d = kernels.float64(diagonal, size);
  const e = kernels.float64(offDiagonal, size);
  const bound = d.reduce(
    (found, value, i) => Math.max(found, Math.abs(value) + Math.abs(e[i] ?? 0) + Math.abs(e[i + 1] ?? 0)),
    0,
  );
  // what lies below the rounding of the whole only couples what is not coupled
  e.forEach((value, i) => (e[i] = Math.abs(value) <= epsilon * bound ? 0 : value));
  return bound;
}

/** By bisection, to the rounding of |T|, descending. @returns [K] */
function largestEigenvalues(work: Workspace, count: number, bound: number): Float64Array {
  const { compiled, size, diagonal, offDiagonal } = work;
  const smallest = smallestPivot(bound);
  const outside = bound * (1 + 4 * epsilon);
  let above = outside;
  let previous = outside;
  return Float64Array.from({ length: count }, (_, index) => {
    let [low, high] = [-outside, above];
    while (high - low > epsilon * bound) {
      const middle = low + (high - low) / 2;
      if (middle <= low || middle >= high) break;
      if (compiled.countAbove(diagonal, offDiagonal, size, middle, smallest) > index) low = middle;
      else high = middle;
    }
    above = high;
    previous = Math.min(previous, low + (high - low) / 2);
    return previous;
  });
}

/** Eigenvector `index` of T, orthogonal to those before it, by inverse iteration from random numbers. */
function findVector(work: Workspace, value: number, index: number, bound: number): void {
  const { kernels, compiled, size, diagonal, offDiagonal, factors, vectors, start } = work;
  const vector = vectors + 8 * index * size;
  kernels.uniform(start, size, 0, streamOf('eigen', index), -1, 1);
  kernels.float64(vector, size).set(kernels.float32(start, size));
  compiled.factorise(diagonal, offDiagonal, size, value, smallestPivot(bound), factors);
  for (let iteration = 1; iteration <= iterationLimit; iteration++) {
    compiled.solve(factors, size, vector);
    compiled.normalise(vector, size);
    compiled.orthogonalise(vector, vectors, index, size);
    compiled.normalise(vector, size);
    const residual = compiled.residual(diagonal, offDiagonal, size, value, vector);
    if (iteration > 1 && residual <= tolerance * size * bound) return;
  }
  assert.fail(`inverse iteration for eigenvalue ${index} of ${size} did not converge`);
}
