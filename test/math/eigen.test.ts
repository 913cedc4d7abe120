/** Eigenpairs: what defines them, spectra that are known, and LAPACK's answers through numpy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eigenSymmetric } from '../../shared/math/eigen.ts';
import { wordsOf } from '../../shared/math/philox.ts';
import { askNumpy } from '../support/numpy.ts';
import { requires } from '../support/requires.ts';

const epsilon = 2 ** -52;

/** @param entry of row i and column j, j <= i */
function symmetric(size: number, entry: (i: number, j: number) => number): Float64Array {
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) matrix[i * size + j] = matrix[j * size + i] = entry(i, j);
  }
  return matrix;
}

/** Uniform in [-1/2, 1/2). */
function random(seed: number): () => number {
  const next = wordsOf(seed, [0, 0, 0]);
  return () => next() / 2 ** 32 - 0.5;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

const norm = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector));

/** A z = lambda z and Z Z^T = 1 to the rounding of n |A|, and eigenvalues that descend. @returns the values */
function checkPairs(matrix: Float64Array, size: number, count = size): Float64Array {
  const { values, vectors } = eigenSymmetric(matrix, size, count);
  assert.equal(values.length, count);
  assert.equal(vectors.length, count * size);
  const row = (from: Float64Array, i: number) => from.subarray(i * size, (i + 1) * size);
  const length = Math.max(...values.map(Math.abs)) || 1;
  const limit = 8 * epsilon * size;
  for (let k = 0; k < count; k++) {
    const z = row(vectors, k);
    const residual = Array.from(z, (entry, i) => (dot(row(matrix, i), z) - values[k]! * entry) / length);
    assert.ok(norm(residual) <= limit, `pair ${k}: residual ${norm(residual)} > ${limit}`);
    if (k > 0) assert.ok(values[k]! <= values[k - 1]!, `eigenvalue ${k} is larger than the one before`);
    for (let other = 0; other <= k; other++) {
      const error = Math.abs(dot(z, row(vectors, other)) - (other === k ? 1 : 0));
      assert.ok(error <= limit, `vectors ${other} and ${k}: ${error} off`);
    }
  }
  return values;
}

function assertNear(values: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  assert.equal(values.length, expected.length);
  expected.forEach((value, k) => {
    assert.ok(Math.abs(values[k]! - value) <= tolerance, `eigenvalue ${k}: ${values[k]}, expected ${value}`);
  });
}

test('random matrices of every small size, and of sizes around the width of a block, have their pairs', () => {
  for (const size of [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 64, 65]) {
    checkPairs(symmetric(size, random(size)), size);
  }
});

test('the leading pairs are those of the whole, whatever their count', () => {
  const size = 37;
  const matrix = symmetric(size, random(1));
  const all = eigenSymmetric(matrix, size, size);
  for (const count of [1, 2, 3, 4, 5, 20]) {
    const { values, vectors } = eigenSymmetric(matrix, size, count);
    assert.deepEqual(values, all.values.slice(0, count));
    assert.deepEqual(vectors, all.vectors.slice(0, count * size));
  }
});

test('of the matrix only the lower triangle is read', () => {
  const size = 9;
  const matrix = symmetric(size, random(2));
  const expected = eigenSymmetric(matrix, size, size);
  for (let i = 0; i < size; i++) for (let j = i + 1; j < size; j++) matrix[i * size + j] = 7;
  assert.deepEqual(eigenSymmetric(matrix, size, size), expected);
});

test('a diagonal matrix has its entries, and a unit vector for each', () => {
  const size = 12;
  const { values, vectors } = eigenSymmetric(
    symmetric(size, (i, j) => (i === j ? ((i * 5) % size) - 3 : 0)),
    size,
    size,
  );
  assertNear(
    values,
    Array.from({ length: size }, (_, k) => size - 4 - k),
    16 * epsilon,
  );
  for (let k = 0; k < size; k++) {
    const z = vectors.subarray(k * size, (k + 1) * size);
    assert.equal(z.filter((entry) => Math.abs(entry) > 1e-12).length, 1);
  }
});

test('equal eigenvalues have a basis of their space: zero, identity, steps, rank one, rank five', () => {
  const zeros = checkPairs(new Float64Array(40 * 40), 40);
  assert.deepEqual(zeros, new Float64Array(40));
  assertNear(
    checkPairs(
      symmetric(40, (i, j) => (i === j ? 1 : 0)),
      40,
    ),
    Array<number>(40).fill(1),
    4 * epsilon,
  );
  checkPairs(
    symmetric(50, (i, j) => (i === j ? i % 7 : 0)),
    50,
  );
  assertNear(
    checkPairs(
      symmetric(60, () => 1),
      60,
    ),
    [60, ...Array<number>(59).fill(0)],
    1e-12,
  );
  const next = random(5);
  const factors = Array.from({ length: 5 }, () => Float64Array.from({ length: 90 }, next));
  const lowRank = symmetric(90, (i, j) => factors.reduce((sum, factor) => sum + factor[i]! * factor[j]!, 0));
  const values = checkPairs(lowRank, 90);
  assert.ok(values[4]! > 1);
  assertNear(values.slice(5), Array<number>(85).fill(0), 1e-12);
});

test('features that never vary do not disturb the others: rows and columns of zeros', () => {
  const size = 30;
  const constant = (i: number): boolean => i % 3 === 0;
  const next = random(6);
  const inner = symmetric(20, next);
  const position = (i: number): number => i - 1 - Math.floor(i / 3);
  const padded = symmetric(size, (i, j) =>
    constant(i) || constant(j) ? 0 : inner[position(i) * 20 + position(j)]!,
  );
  const expected = [...checkPairs(inner, 20), ...Array<number>(10).fill(0)].sort((a, b) => b - a);
  assertNear(checkPairs(padded, size), expected, 1e-13);
});

test('eigenvalues that nearly coincide keep vectors at right angles: Wilkinson, glued, noise on the identity', () => {
  const wilkinson = (i: number, j: number): number =>
    i === j ? Math.abs((i % 21) - 10) : i - j === 1 ? 1 : 0;
  const [first, second] = checkPairs(symmetric(21, wilkinson), 21);
  assertNear([first!, second!], [10.746194182903393, 10.746194182903322], 1e-13); // Wilkinson 1965
  checkPairs(
    symmetric(84, (i, j) => (i - j === 1 && i % 21 === 0 ? 1e-9 : wilkinson(i, j))),
    84,
  );
  const next = random(8);
  checkPairs(
    symmetric(50, (i, j) => (i === j ? 1 : 0) + 1e-14 * next()),
    50,
  );
});

test('the second difference has the eigenvalues of its formula', () => {
  const size = 100;
  const values = checkPairs(
    symmetric(size, (i, j) => (i === j ? 2 : i - j === 1 ? -1 : 0)),
    size,
  );
  const expected = Array.from({ length: size }, (_, k) => 2 + 2 * Math.cos((Math.PI * (k + 1)) / (size + 1)));
  assertNear(values, expected, 1e-14);
});

test('scale is no matter: entries of 1e-300 and of 1e300', () => {
  const next = random(9);
  const base = symmetric(20, next);
  const expected = checkPairs(base, 20);
  for (const scale of [1e-300, 1e300]) {
    const values = checkPairs(
      base.map((value) => value * scale),
      20,
    );
    assertNear(
      values.map((value) => value / scale),
      [...expected],
      1e-14,
    );
  }
});

test('the same matrix gives the same bits again, and one that is not finite is refused', () => {
  const matrix = symmetric(25, random(10));
  assert.deepEqual(eigenSymmetric(matrix, 25, 7), eigenSymmetric(matrix, 25, 7));
  assert.throws(() => eigenSymmetric(Float64Array.of(1, 0, NaN, 1), 2, 1), /not finite/);
});

test('eigenvalues are LAPACK’s, of random and of image-like matrices', (context) => {
  if (!requires('numpy', context)) return;
  const like = (i: number, j: number): number =>
    Math.exp(-Math.hypot(Math.floor(i / 15) - Math.floor(j / 15), (i % 15) - (j % 15)) / 5);
  for (const matrix of [symmetric(120, random(11)), symmetric(225, like)]) {
    const size = Math.sqrt(matrix.length);
    const expected = askNumpy(
      'answer(np.linalg.eigvalsh(np.frombuffer(data).reshape(sizes[0], -1))[::-1])',
      matrix,
      size,
    );
    assertNear(checkPairs(matrix, size), [...expected], 4 * epsilon * size * expected[0]!);
  }
});
