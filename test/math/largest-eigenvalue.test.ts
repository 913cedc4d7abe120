/** Matrices whose spectrum is known: Q diag(values) Q^T, with Q a reflection. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { streamOf, wordsOf } from '../../shared/math/philox.ts';
import { largestEigenvalue, type Product } from '../../shared/math/largest-eigenvalue.ts';

const options = { seed: 1, tolerance: 1e-9, productLimit: 400 };

/** A v for A = (I - 2 u u^T) diag(values) (I - 2 u u^T), u a unit vector without a zero. */
function matrixOf(values: readonly number[]): Product {
  const raw = values.map((_, i) => Math.cos(1.7 * i) + 0.3);
  const length = Math.hypot(...raw);
  const reflect = (v: Float64Array): Float64Array => {
    const along = v.reduce((sum, value, i) => sum + (value * raw[i]!) / length, 0);
    return v.map((value, i) => value - (2 * along * raw[i]!) / length);
  };
  return (v, out) => {
    out.set(reflect(reflect(v).map((value, i) => value * values[i]!)));
    return Promise.resolve();
  };
}

const spread = (count: number, low: number, high: number): number[] =>
  Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));

const find = (values: readonly number[], more: Partial<typeof options> = {}) =>
  largestEigenvalue(matrixOf(values), values.length, { ...options, ...more });

test('of a quadratic with a known spectrum the largest eigenvalue is found', async () => {
  const { value, residual, isSettled, productCount } = await find([...spread(200, 0, 3), 7]);
  assert.ok(Math.abs(value - 7) < 1e-6, String(value));
  assert.ok(isSettled && residual < 1e-3 && productCount < 40, String(productCount));
});

test('largest means most positive, however large a negative one is', async () => {
  const { value, isSettled } = await find([-6, ...spread(100, -2, 1), 4]);
  assert.ok(isSettled && Math.abs(value - 4) < 1e-6, String(value));
  const negative = await find([-9, ...spread(50, -7, -5), -1]);
  assert.ok(negative.isSettled && Math.abs(negative.value + 1) < 1e-6, String(negative.value));
});

test('equal eigenvalues, and a matrix of size 1 or of zeros, are no special case', async () => {
  assert.ok(Math.abs((await find([4, 4, 4, 1, 1, 0])).value - 4) < 1e-6);
  assert.deepEqual(await find([3]), { value: 3, residual: 0, productCount: 1, isSettled: true });
  assert.deepEqual(await find([-3]), { value: -3, residual: 0, productCount: 2, isSettled: true });
  assert.equal((await find([0, 0, 0])).value, 0);
});

test('a loose tolerance ends earlier, and an eigenvalue lies within the residual', async () => {
  const values = [...spread(300, 0, 9), 10];
  const [loose, tight] = [await find(values, { tolerance: 0.01 }), await find(values)];
  assert.ok(loose.productCount < tight.productCount);
  const nearest = Math.min(...values.map((value) => Math.abs(value - loose.value)));
  assert.ok(nearest <= loose.residual);
});

test('out of products it says so, with the residual that it reached', async () => {
  const { isSettled, productCount, residual } = await find(spread(500, 0, 1), { productLimit: 5 });
  assert.deepEqual([isSettled, productCount], [false, 5]);
  assert.ok(residual > 1e-3);
  const negative = await find([-6, 1, 2], { productLimit: 8, tolerance: 0 }); // the wrong end of the spectrum
  assert.equal(negative.isSettled, false);
});

test('noise that differs from product to product moves it little', async () => {
  const size = 2000;
  const exact = matrixOf([...spread(size - 1, 0, 20), 100]);
  const word = wordsOf(1, streamOf('synthetic'));
  const noisy: Product = async (v, out) => {
    await exact(v, out);
    for (let i = 0; i < size; i++) out[i]! += (40 * (word() / 2 ** 31 - 1)) / Math.sqrt(size / 3); // of length 40
  };
  const { value, isSettled } = await largestEigenvalue(noisy, size, { ...options, tolerance: 0.02 });
  assert.ok(isSettled && value > 80 && value < 105, String(value));
});

test('a product that is not finite ends it', async () => {
  const broken: Product = (_, out) => Promise.resolve(void out.fill(NaN));
  const { value, isSettled } = await largestEigenvalue(broken, 3, options);
  assert.ok(Number.isNaN(value) && !isSettled);
});
