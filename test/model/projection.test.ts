/** Projection onto components and back: what is lost, and what is not. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { deviationOf, smallestVariance } from '../../shared/math/pca.ts';
import { createProjection, pixelsOf } from '../../shared/model/projection.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import type { Runtime } from '../../shared/model/runtime.ts';
import { cosineBasis, seededBatch } from '../support/small-vae.ts';

const size = 24; // D
let runtime: Runtime;
before(async () => {
  runtime = await openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true });
});

const batch = seededBatch(6);
const distance = (a: tf.Tensor, b: tf.Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;

test('pixels are bytes over 255, a row each', () =>
  tf.tidy(() => {
    const pixels = pixelsOf(batch);
    assert.deepEqual(pixels.shape, [6, size]);
    assert.deepEqual(
      pixels.dataSync(),
      Float32Array.from(batch.rows, (value) => value / 255),
    );
  }));

for (const whiten of [false, true]) {
  const kind = whiten ? 'whitened ' : '';
  test(`all ${kind}components give the pixels back`, () =>
    tf.tidy(() => {
      const pixels = pixelsOf(batch);
      const projection = createProjection(cosineBasis(size, size, whiten), runtime);
      assert.ok(distance(projection.restore(projection.project(pixels)), pixels) < 1e-5);
    }));

  test(`some ${kind}components lose what is orthogonal to them: a second round trip changes nothing`, () =>
    tf.tidy(() => {
      const projection = createProjection(cosineBasis(size, 9, whiten), runtime);
      const once = projection.restore(projection.project(pixelsOf(batch)));
      assert.ok(distance(once, pixelsOf(batch)) > 0.01);
      assert.ok(distance(projection.restore(projection.project(once as tf.Tensor2D)), once) < 1e-5);
    }));
}

test('features are coordinates along the components, each over its deviation where whitened', () =>
  tf.tidy(() => {
    const basis = cosineBasis(size, 5);
    const plain = createProjection(basis, runtime).project(pixelsOf(batch));
    const whitened = createProjection({ ...basis, whiten: true }, runtime).project(pixelsOf(batch));
    const byHand = [0, 1, 2, 3, 4].map((component) => {
      let sum = 0;
      for (let feature = 0; feature < size; feature++) {
        const centred = batch.rows[feature]! / 255 - basis.mean[feature]!;
        sum += centred * basis.vectors[component * size + feature]!;
      }
      return sum;
    });
    const first = (x: tf.Tensor): number[] => [...x.dataSync().subarray(0, 5)];
    first(plain).forEach((value, index) => assert.ok(Math.abs(value - byHand[index]!) < 1e-5));
    first(whitened).forEach((value, index) => {
      const expected = byHand[index]! / Math.sqrt(basis.eigenvalues[index]!);
      assert.ok(Math.abs(value - expected) < 1e-4);
    });
  }));

test('fewer components of a basis are its leading ones', () =>
  tf.tidy(() => {
    const all = createProjection(cosineBasis(size, 8), runtime).project(pixelsOf(batch));
    const three = createProjection(cosineBasis(size, 8), runtime, 3).project(pixelsOf(batch));
    assert.ok(distance(tf.slice(all, [0, 0], [-1, 3]), three) < 1e-6);
  }));

test('a component without variance is not blown up by whitening', () =>
  assert.equal(deviationOf(0), Math.sqrt(smallestVariance)));
