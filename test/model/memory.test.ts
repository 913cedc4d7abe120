/** The estimate against the buffers of all tensors that are alive at the peak of a real gradient. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createModelCompute } from '../../shared/model/compute-model.ts';
import { deviceMemory, fittingMicroBatch } from '../../shared/model/memory.ts';
import { createModel } from '../../shared/model/registry.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import { sizesOf, sizesOfCount } from '../../shared/model/sizes.ts';
import { configSchema } from '../../shared/runtime/config.ts';

const image = { height: 8, width: 8, channels: 3 };
const components = 60;

/** Counts buffers as they come and go. */
function watchBuffers(): { peak: number; readonly stop: () => void } {
  const { tensorInfo } = (
    tf.engine() as unknown as { state: { tensorInfo: WeakMap<object, { shape: number[] }> } }
  ).state;
  const sizes = new Map<object, number>();
  const watch = { peak: 0, stop: () => void Reflect.deleteProperty(tensorInfo, 'set') };
  let alive = 0;
  const [set, remove] = [tensorInfo.set.bind(tensorInfo), tensorInfo.delete.bind(tensorInfo)];
  tensorInfo.set = (key, info) => {
    if (!sizes.has(key)) alive += 4 * info.shape.reduce((product, size) => product * size, 1);
    sizes.set(key, 4 * info.shape.reduce((product, size) => product * size, 1));
    watch.peak = Math.max(watch.peak, alive);
    return set(key, info);
  };
  tensorInfo.delete = (key) => {
    alive -= sizes.get(key) ?? 0;
    sizes.delete(key);
    return remove(key);
  };
  return watch;
}

test('the estimate is above the buffers of a gradient, and not twice as much', async () => {
  for (const [width, blocks] of [
    [96, 3],
    [192, 1],
  ] as const) {
    const config = configSchema.parse({
      width,
      latent: 24,
      components,
      encoderBlocks: blocks,
      branchBlocks: 1,
      decoderBlocks: blocks,
    });
    const model = createModel(config, image);
    const runtime = await openRuntime('wasm', { threads: 1, precision: 'tf32', allowCpu: true });
    const watch = watchBuffers();
    const compute = await createModelCompute(model, runtime, { image, components, seed: 1 });
    const { parameterCount } = compute.layout;
    await compute.setParameters(new Float32Array(parameterCount).fill(0.01));
    await compute.setBasis({
      featureCount: 192,
      componentCount: components,
      mean: new Float32Array(192),
      vectors: new Float32Array(192 * components).fill(0.01),
      eigenvalues: new Float32Array(components).fill(1),
      totalVariance: components,
      whiten: false,
    });
    const rowCount = 400;
    const rows = Uint8Array.from({ length: rowCount * 192 }, (_, index) => (index * 37) & 255);
    const draw = { seed: 1, purpose: 'training', step: 0, microBatch: 0 } as const;
    await compute.gradient(
      { rows, labels: null, rowCount },
      draw,
      { klWeight: 1 },
      new Float32Array(parameterCount),
    );
    watch.stop();
    compute.dispose();
    const { totalBytes } = deviceMemory(sizesOf(model, image, components), rowCount, 'wasm', false);
    const ratio = totalBytes / watch.peak;
    assert.ok(ratio > 1 && ratio < 2, `width ${width}: the estimate is ${ratio.toFixed(2)} of the buffers`);
  }
});

const estimate = (size: number) => deviceMemory(sizesOfCount(1e7), size, 'tensorflow', true);

test('what fits divides the batch, is smaller than what failed, and is the largest of these', () => {
  const limit = estimate(210).totalBytes;
  assert.equal(fittingMicroBatch(estimate, 6300, 450, limit), 210);
  assert.equal(fittingMicroBatch(estimate, 6300, 450, limit - 1), 180);
});

test('where the limit is unknown, what fits needs at most three quarters of what failed', () => {
  const size = fittingMicroBatch(estimate, 1000, 500, null)!;
  assert.ok(estimate(size).totalBytes <= 0.75 * estimate(500).totalBytes);
});

test('where parameters alone do not fit, nothing does', () => {
  assert.equal(fittingMicroBatch(estimate, 1000, 500, 1e6), null);
});
