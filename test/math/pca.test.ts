/** Principal components: what they are by definition, numpy's answers, and a basis on the wire. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkComponentCount,
  covarianceOf,
  decodeBasis,
  encodeBasis,
  explainedVariance,
  leadingComponents,
  meanOf,
  orient,
  type Basis,
} from '../../shared/math/pca.ts';
import { wordsOf } from '../../shared/math/philox.ts';
import { createPainter, syntheticShape } from '../../shared/data/synthetic.ts';
import { exactSums } from '../support/exact-sums.ts';
import { askNumpy } from '../support/numpy.ts';
import { requires } from '../support/requires.ts';

/** Bytes around 128 that are combinations of `rank` patterns; the last feature never varies. */
function lowRankRows(rowCount: number, size: number, rank: number): Uint8Array {
  const next = wordsOf(3, [0, 0, 0]);
  const centred = (): number => next() / 2 ** 32 - 0.5;
  const patterns = Array.from({ length: rank }, (_, k) =>
    Array.from({ length: size }, () => (240 * centred()) / (k + 1)),
  );
  const rows = new Uint8Array(rowCount * size).fill(77);
  for (let row = 0; row < rowCount; row++) {
    const weights = patterns.map(centred);
    for (let i = 0; i < size - 1; i++) {
      rows[row * size + i] = 128 + weights.reduce((sum, weight, k) => sum + weight * patterns[k]![i]!, 0);
    }
  }
  return rows;
}

/** The green channel of the middle 16 x 16 pixels of synthetic street digits. */
function digitRows(rowCount: number): Uint8Array {
  const { width, channels } = syntheticShape;
  const painter = createPainter(1);
  const image = new Uint8Array(syntheticShape.height * width * channels);
  return Uint8Array.from(
    Array.from({ length: rowCount }, (_, index) => {
      painter.paint(index, image);
      return Array.from(
        { length: 256 },
        (_, i) => image[((8 + (i >> 4)) * width + 8 + (i & 15)) * channels + 1]!,
      );
    }).flat(),
  );
}

function basisOf(rows: Uint8Array, size: number, count: number, whiten = false): Basis {
  return leadingComponents(exactSums(rows, size), size, rows.length / size, count, whiten);
}

/** Mean over rows of |x - restored x|^2, x in [0, 1]. @param vectors [K, D] */
function reconstructionError(
  rows: Uint8Array,
  size: number,
  mean: ArrayLike<number>,
  vectors: Float32Array | Float64Array,
): number {
  let error = 0;
  for (let start = 0; start < rows.length; start += size) {
    const centred = Float64Array.from({ length: size }, (_, i) => rows[start + i]! / 255 - mean[i]!);
    const rest = centred.slice();
    for (let at = 0; at < vectors.length; at += size) {
      let weight = 0;
      for (let i = 0; i < size; i++) weight += vectors[at + i]! * centred[i]!;
      for (let i = 0; i < size; i++) rest[i]! -= weight * vectors[at + i]!;
    }
    for (const value of rest) error += value ** 2;
  }
  return (error * size) / rows.length;
}

/** At least the sine of the largest angle between two spaces of orthonormal vectors, [K, D] each. */
function sineBetween(a: ArrayLike<number>, b: ArrayLike<number>, size: number): number {
  let outside = 0;
  for (let k = 0; k < a.length; k += size) {
    const rest = Float64Array.from({ length: size }, (_, i) => a[k + i]!);
    for (let other = 0; other < b.length; other += size) {
      let weight = 0;
      for (let i = 0; i < size; i++) weight += a[k + i]! * b[other + i]!;
      for (let i = 0; i < size; i++) rest[i]! -= weight * b[other + i]!;
    }
    for (const value of rest) outside += value ** 2;
  }
  return Math.sqrt(outside);
}

const numpyComponents = `
x = np.frombuffer(data, np.uint8).reshape(-1, sizes[0]) / 255
values, vectors = np.linalg.eigh(np.cov(x, rowvar=False))
answer(x.mean(axis=0)); answer(values[::-1]); answer(vectors.T[::-1])`;

for (const [name, rows, size, count] of [
  ['synthetic digits', digitRows(1_500), 256, 40],
  ['rows of rank six, rounded to bytes', lowRankRows(700, 60, 6), 60, 6],
] as const) {
  test(`mean, eigenvalues, components and what they lose are numpy’s: ${name}`, (context) => {
    if (!requires('numpy', context)) return;
    const basis = basisOf(rows, size, count);
    const numpy = askNumpy(numpyComponents, rows, size);
    const [mean, values] = [numpy.subarray(0, size), numpy.subarray(size, 2 * size)];
    const vectors = numpy.subarray(2 * size, (2 + count) * size);
    basis.mean.forEach((value, i) => assert.ok(Math.abs(value - mean[i]!) < 1e-6));
    basis.eigenvalues.forEach((value, k) => {
      assert.ok(Math.abs(value / values[k]! - 1) < 1e-6, `eigenvalue ${k}: ${value}, numpy ${values[k]}`);
    });
    const total = values.reduce((sum, value) => sum + value, 0);
    assert.ok(Math.abs(basis.totalVariance / total - 1) < 1e-12);
    assert.ok(sineBetween(basis.vectors, vectors, size) < 1e-5);
    const lost = reconstructionError(rows, size, basis.mean, basis.vectors);
    const expected = reconstructionError(rows, size, mean, vectors);
    assert.ok(Math.abs(lost / expected - 1) < 1e-6, `loses ${lost}, numpy ${expected}`);
  });
}

test('what all other components vary is what the leading ones lose', () => {
  const [size, rowCount, count] = [60, 300, 4];
  const rows = lowRankRows(rowCount, size, 6);
  const basis = basisOf(rows, size, count);
  const kept = basis.eigenvalues.reduce((sum, value) => sum + value, 0);
  const lost = reconstructionError(rows, size, basis.mean, basis.vectors);
  assert.ok(Math.abs((lost * rowCount) / (rowCount - 1) / (basis.totalVariance - kept) - 1) < 1e-4);
});

test('components are orthonormal and ordered; of each the largest entry is positive', () => {
  const size = 60;
  const { vectors, eigenvalues } = basisOf(lowRankRows(200, size, 6), size, size);
  for (let k = 0; k < size; k++) {
    const vector = vectors.subarray(k * size, (k + 1) * size);
    const largest = vector.reduce((found, value) => (Math.abs(value) > Math.abs(found) ? value : found), 0);
    assert.ok(largest > 0);
    assert.ok(k === 0 || eigenvalues[k]! <= eigenvalues[k - 1]!);
    for (let other = 0; other <= k; other++) {
      let product = 0;
      for (let i = 0; i < size; i++) product += vector[i]! * vectors[other * size + i]!;
      assert.ok(Math.abs(product - (other === k ? 1 : 0)) < 1e-6);
    }
  }
});

test('a pixel that never changes has covariance 0 exactly, and no part in any component that varies', () => {
  const size = 20;
  const rows = lowRankRows(100, size, 3);
  const covariance = covarianceOf(exactSums(rows, size), size, 100);
  for (let i = 0; i < size; i++) assert.equal(covariance[(size - 1) * size + i], 0);
  const { vectors, mean } = basisOf(rows, size, 3);
  for (let k = 1; k <= 3; k++) assert.ok(Math.abs(vectors[k * size - 1]!) < 1e-15);
  assert.equal(mean[size - 1], Math.fround(77 / 255));
});

test('more components than rows allow: the rest carry nothing, and are orthonormal all the same', () => {
  const size = 30;
  const { eigenvalues, vectors } = basisOf(lowRankRows(4, size, 6), size, 10);
  assert.ok(eigenvalues[2]! > 1e-4);
  for (const value of eigenvalues.subarray(3)) assert.ok(value >= 0 && value < 1e-15);
  const space = vectors.subarray(0, 10 * size);
  assert.ok(Math.abs(sineBetween(space, new Float32Array(0), size) ** 2 - 10) < 1e-5);
});

test('covariance is numpy.cov’s formula, by hand for two features', () => {
  const rows = Uint8Array.of(0, 255, 255, 0, 51, 102);
  const sums = exactSums(rows, 2);
  const [a, ab, , b] = covarianceOf(sums, 2, 3);
  const [x, y] = [
    [0, 1, 0.2],
    [1, 0, 0.4],
  ] as const;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / 3;
  const covariance = (u: readonly number[], v: readonly number[]): number =>
    u.reduce((sum, value, i) => sum + (value - mean(u)) * (v[i]! - mean(v)), 0) / 2;
  assert.ok(Math.abs(a! - covariance(x, x)) < 1e-15);
  assert.ok(Math.abs(ab! - covariance(x, y)) < 1e-15);
  assert.ok(Math.abs(b! - covariance(y, y)) < 1e-15);
  assert.deepEqual(meanOf(sums, 2, 3), Float32Array.of(mean(x), mean(y)));
});

test('explained variance sums to 1 over all components, and is 0 where nothing varies', () => {
  const all = explainedVariance(basisOf(lowRankRows(200, 30, 6), 30, 30));
  assert.ok(Math.abs(all.reduce((sum, part) => sum + part, 0) - 1) < 1e-6);
  const none = explainedVariance(basisOf(new Uint8Array(12).fill(9), 3, 2));
  assert.deepEqual(none, new Float64Array(2));
});

test('a vector whose largest entry is negative is turned, by the first of several equal ones', () => {
  const turned = Float32Array.of(1, -3, 3);
  orient(turned);
  assert.deepEqual(turned, Float32Array.of(-1, 3, -3));
  orient(turned);
  assert.deepEqual(turned, Float32Array.of(-1, 3, -3));
});

test('an encoded basis decodes to the same, total variance to the last bit', () => {
  for (const whiten of [false, true]) {
    const basis = { ...basisOf(lowRankRows(50, 30, 6), 30, 5, whiten), totalVariance: 1 / 3 };
    assert.deepEqual(decodeBasis(encodeBasis(basis), 30), basis);
  }
});

test('what cannot be is refused: one row, too many components, another image’s basis', () => {
  assert.throws(() => basisOf(new Uint8Array(3), 3, 1), { exitCode: 65 });
  assert.throws(() => checkComponentCount(4, 3), { exitCode: 64, message: /use at most 3, or none/ });
  checkComponentCount(3, 3);
  const flat = encodeBasis(basisOf(lowRankRows(50, 30, 6), 30, 5));
  assert.throws(() => decodeBasis(flat, 31), { exitCode: 65, message: /belongs to another data set/ });
  assert.throws(() => decodeBasis(flat.subarray(1), 30), { exitCode: 65 });
});
