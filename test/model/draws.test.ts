/** Draws from the kernels: exactly what the counters say, whatever else is drawn. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { domains, maskWordsOf } from '../../shared/math/philox.ts';
import type { DrawKey } from '../../shared/model/compute.ts';
import { createKernelDraws, streamOfDraw } from '../../shared/model/draws.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import { drawKey } from '../support/small-vae.ts';

before(() => openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true }));

const valuesOf = (tensor: tf.Tensor): Float32Array => {
  const values = tensor.dataSync<'float32'>();
  tensor.dispose();
  return values;
};

test('a value is dropped exactly when its number of the stream is below rate * 2^32', () => {
  const rate = 0.3;
  for (const draw of [0, 1, 2]) {
    const draws = createKernelDraws()(drawKey());
    for (let skipped = 0; skipped < draw; skipped++) draws.standardNormal([1]).dispose();
    const mask = valuesOf(draws.dropoutMask([7, 11], rate));
    const word = maskWordsOf(drawKey().seed, streamOfDraw(drawKey(), draw));
    const kept = Math.fround(1 / (1 - rate));
    assert.deepEqual(
      mask,
      Float32Array.from(mask, () => (word() < Math.round(rate * 2 ** 32) ? 0 : kept)),
    );
  }
});

test('a draw longer than a block of the kernels goes on as if there were no blocks', () => {
  const count = 2 ** 18 + 1000;
  const key = drawKey();
  const whole = valuesOf(createKernelDraws()(key).dropoutMask([count], 0.2));
  const word = maskWordsOf(key.seed, streamOfDraw(key, 0));
  const threshold = Math.round(0.2 * 2 ** 32);
  assert.ok(whole.every((value) => value === (word() < threshold ? 0 : 1.25)));
});

test('the n-th draw depends on no size or kind of those before it, nor on other micro-batches', () => {
  const drawsOf = createKernelDraws();
  const draws = drawsOf(drawKey());
  const other = drawsOf(drawKey({ microBatch: 9 }));
  valuesOf(draws.dropoutMask([1000], 0.5));
  valuesOf(other.standardNormal([5]));
  const second = valuesOf(draws.standardNormal([40]));
  const again = createKernelDraws()(drawKey());
  valuesOf(again.standardNormal([2]));
  assert.deepEqual(valuesOf(again.standardNormal([40])), second);
});

test('shorter draws of a key are beginnings of longer ones', () => {
  const long = valuesOf(createKernelDraws()(drawKey()).standardNormal([64, 8]));
  const short = valuesOf(createKernelDraws()(drawKey()).standardNormal([10, 8]));
  assert.deepEqual(short, long.subarray(0, 80));
});

test('purposes have counters of their own', () => {
  const purposes = ['training', 'statistics', 'evaluation', 'pictures'] as const;
  const streams = purposes.map((purpose: DrawKey['purpose']) => streamOfDraw(drawKey({ purpose }), 1));
  assert.deepEqual(
    streams,
    purposes.map((purpose) => [3, 2, domains[purpose] * 2 ** 24 + 1]),
  );
});
