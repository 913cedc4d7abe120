/** A model on a device: a basis of the right size, set anew without a leak, gone when it is disposed of. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { rowLength } from '../../shared/data/dataset.ts';
import { featuresOf, generativeOf, loadModel } from '../../shared/model/loaded-model.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import type { Runtime } from '../../shared/model/runtime.ts';
import { cosineBasis, drawKey, seededBatch, smallImage, smallVae } from '../support/small-vae.ts';

const size = rowLength(smallImage);
let runtime: Runtime;
before(async () => {
  runtime = await openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true });
});

test('a basis may be set anew; features then follow it, and no tensor of the old one stays', async () => {
  const { loaded } = await smallVae(runtime);
  const featuresNow = (): Float32Array =>
    tf.tidy(() => featuresOf(loaded, seededBatch(2)).dataSync<'float32'>());
  const first = featuresNow();
  const tensorCount = tf.memory().numTensors;
  const basis = cosineBasis(size, 10);
  loaded.setBasis({ ...basis, vectors: basis.vectors.map((value) => -value) });
  assert.equal(tf.memory().numTensors, tensorCount);
  assert.deepEqual(
    featuresNow(),
    first.map((value) => -value),
  );
});

test('without components, features are pixels from the start', () => {
  return smallVae(runtime, { components: null }).then(({ loaded }) =>
    tf.tidy(() => {
      assert.equal(loaded.basis(), null);
      const batch = seededBatch(2);
      assert.deepEqual(
        featuresOf(loaded, batch).dataSync(),
        Float32Array.from(batch.rows, (v) => v / 255),
      );
    }),
  );
});

test('a basis of rows of another length is our own bug', async () => {
  const { loaded } = await smallVae(runtime);
  assert.throws(() => loaded.setBasis(cosineBasis(size + 1, 10)), /values of a row/);
});

test('disposing lets go of everything', async () => {
  const compute = await smallVae(runtime);
  await compute.evaluate(seededBatch(2), drawKey(), { klWeight: 1 }); // makes the constants that stay
  compute.dispose();
  const tensorCount = tf.memory().numTensors;
  (await smallVae(runtime)).dispose();
  assert.equal(tf.memory().numTensors, tensorCount);
});

test('a model that makes no pictures says so by name', () => {
  const model = {
    name: 'plain',
    parameters: [],
    statistics: [],
    termNames: [],
    lossSum: () => assert.fail(),
  };
  const loaded = loadModel(model, runtime, { image: smallImage, components: null, seed: 1 });
  assert.throws(() => generativeOf(loaded), /model plain makes no pictures/);
});
