/** Bits per dimension of Gaussians that are known: one number, however the components are cut and scaled. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBitsMeter } from '../../shared/model/bits-per-dimension.ts';
import type { Basis, DrawKey } from '../../shared/model/compute.ts';
import { smallestVariance } from '../../shared/math/pca.ts';
import { createBasis, covarianceOf } from '../../shared/math/pca.ts';
import { eigenSymmetric } from '../../shared/math/eigen.ts';
import { philox4x32 } from '../../shared/math/philox.ts';
import { loadLinearVae } from '../support/linear-vae.ts';

const image = { height: 2, width: 3, channels: 1 };
const size = 6; // D
const rowCount = 200;
const floor = 0.001;
const draw: DrawKey = { seed: 9, purpose: 'evaluation', step: 2, microBatch: 0 };

/** Correlated bytes; the last pixel never changes, so that one eigenvalue is 0. */
const rows = Uint8Array.from({ length: rowCount * size }, (_, index) => {
  const [row, pixel] = [Math.floor(index / size), index % size];
  if (pixel === size - 1) return 77;
  const word = (at: number): number => philox4x32([row, at, 0, 0], [4, 0])[0] / 2 ** 32;
  return Math.floor(200 * word(100) + 55 * word(pixel));
});
const batch = { rows, rowCount, labels: null };

function allComponents(): Basis {
  const sums = new Float64Array(size * size + size);
  for (let row = 0; row < rowCount; row++) {
    for (let i = 0; i < size; i++) {
      const a = rows[row * size + i]! - 128;
      sums[size * size + i]! += a;
      for (let j = 0; j < size; j++) sums[i * size + j]! += a * (rows[row * size + j]! - 128);
    }
  }
  const pairs = eigenSymmetric(covarianceOf(sums, size, rowCount), size, size);
  return createBasis(sums, size, rowCount, pairs, false);
}

const leading = (all: Basis, count: number, whiten: boolean): Basis => ({
  ...all,
  componentCount: count,
  vectors: all.vectors.slice(0, count * size),
  eigenvalues: all.eigenvalues.slice(0, count),
  whiten,
});

/** A model that ignores its latents: a Gaussian of the given variance in each component. */
async function bitsOfGaussian(
  basis: Basis | null,
  all: Basis | null,
  variances: readonly number[],
): Promise<number> {
  const loaded = await loadLinearVae({
    image,
    latent: 1,
    basis,
    settings: { likelihood: 'variance', varianceFloor: floor },
    parameters: { 'decoder/variance/output/bias': variances.map((variance) => variance - floor) },
  });
  const meter = createBitsMeter(loaded, all);
  await meter.add(batch, draw);
  const bits = meter.result();
  meter.dispose();
  loaded.dispose();
  return bits;
}

test('the Gaussian of the components themselves has one figure, whatever K is, whitened or not', async () => {
  const all = allComponents();
  const truth = gaussianBits(all);
  for (const count of [5, 3, 1]) {
    const variances = [...all.eigenvalues.subarray(0, count)];
    const plain = await bitsOfGaussian(leading(all, count, false), all, variances);
    const whitened = await bitsOfGaussian(
      leading(all, count, true),
      all,
      variances.map(() => 1),
    );
    assert.ok(Math.abs(plain - truth) < 0.03, `K = ${count}: ${plain}, expected ${truth}`);
    assert.ok(Math.abs(plain - whitened) < 1e-3, `K = ${count}: ${plain}, whitened ${whitened}`);
  }
});

test('a broad Gaussian of pixels has the figure of its formula', async () => {
  const variance = 4;
  const bits = await bitsOfGaussian(
    null,
    null,
    Array.from({ length: size }, () => variance),
  );
  let squares = 0;
  for (const byte of rows) squares += ((byte + 0.5) / 256) ** 2;
  const nats = Math.log(2 * Math.PI * variance) / 2 + squares / rows.length / (2 * variance);
  assert.ok(Math.abs(bits - (nats / Math.LN2 + 8)) < 1e-3);
});

test('the same rows and draws give the same bits, and another seed nearly the same', async () => {
  const all = allComponents();
  const model = { image, latent: 1, basis: leading(all, 4, false), settings: {}, parameters: {} };
  const loaded = await loadLinearVae(model);
  const bitsOf = async (key: DrawKey): Promise<number> => {
    const meter = createBitsMeter(loaded, all);
    await meter.add(batch, key);
    meter.dispose();
    return meter.result();
  };
  const first = await bitsOf(draw);
  assert.equal(await bitsOf(draw), first);
  const other = await bitsOf({ ...draw, seed: 10 });
  assert.notEqual(other, first);
  assert.ok(Math.abs(other - first) < 0.2);
  loaded.dispose();
});

/** In float64 and without a draw: the expectation over u of the Gaussian of all components. */
function gaussianBits({ mean, vectors, eigenvalues }: Basis): number {
  let nats = 0;
  for (let row = 0; row < rowCount; row++) {
    for (let k = 0; k < size; k++) {
      const variance = Math.max(eigenvalues[k]!, smallestVariance);
      let projected = 0;
      for (let i = 0; i < size; i++) {
        projected += vectors[k * size + i]! * (rows[row * size + i]! - 255 * mean[i]!);
      }
      const expectedSquare = (projected / 256) ** 2 + 1 / (12 * 256 ** 2); // u adds its own variance
      nats += (Math.log(2 * Math.PI * variance) + expectedSquare / variance) / 2;
    }
  }
  return nats / rowCount / (size * Math.LN2) + 8;
}
