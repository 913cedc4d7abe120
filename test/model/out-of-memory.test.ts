import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodes, LockstepError, runError } from '../../shared/errors.ts';
import { createModelCompute } from '../../shared/model/compute-model.ts';
import { isOutOfMemory, outOfMemoryError } from '../../shared/model/out-of-memory.ts';
import { createModel } from '../../shared/model/registry.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import { sizesOfCount } from '../../shared/model/sizes.ts';
import { configSchema } from '../../shared/runtime/config.ts';

const full = {
  sizes: sizesOfCount(48e6),
  backend: 'tensorflow',
  device: 'NVIDIA T4',
  isGpu: true,
  microBatchSize: 6300,
  batchSize: 6300,
  limitBytes: null,
};

for (const said of [
  'OOM when allocating tensor with shape[6300,2048] and type float on /job:localhost/replica:0/task:0/device:GPU:0',
  'Array buffer allocation failed',
  'memory access out of bounds',
  'Out of memory: failed to create buffer',
]) {
  test(`"${said.slice(0, 30)}" says that there is no room`, () => assert.ok(isOutOfMemory(new Error(said))));
}

test('other errors, and what a person was told already, are no lack of room', () => {
  assert.ok(!isOutOfMemory(new Error('shapes do not match')));
  assert.ok(!isOutOfMemory(runError('the device is out of memory')));
  assert.ok(!isOutOfMemory('out of memory'));
});

test('the error is one line: the device, what was asked of it, and a size that fits', () => {
  const { message, exitCode } = outOfMemoryError(full);
  assert.match(
    message,
    /^NVIDIA T4 \(tensorflow\) is out of memory at a micro-batch of 6,300 rows, which needs about [\d,]+ MB: --micro-batch-size 3150 needs about [\d,]+ MB$/,
  );
  assert.equal(exitCode, exitCodes.runFailed);
});

test('where nothing fits it says so', () => {
  assert.match(
    outOfMemoryError({ ...full, limitBytes: 1e6 }).message,
    /take another batch or a smaller model/,
  );
});

test('wasm that really runs out names a size, and computes with it', async () => {
  const image = { height: 1, width: 2, channels: 1 };
  const settings = { width: 12_288, latent: 2, encoderBlocks: 1, branchBlocks: 0, decoderBlocks: 0 };
  const config = configSchema.parse({ ...settings, components: null, likelihood: 'fixedVariance' });
  const runtime = await openRuntime('wasm', { threads: 1, precision: 'tf32', allowCpu: true });
  const options = { image, components: null, seed: 1, batchSize: 100_000 };
  const compute = await createModelCompute(createModel(config, image), runtime, options);
  const { parameterCount } = compute.layout;
  await compute.setParameters(new Float32Array(parameterCount).fill(0.01));
  const draw = { seed: 1, purpose: 'training', step: 0, microBatch: 0 } as const;
  const gradient = (rowCount: number) => {
    const rows = new Uint8Array(2 * rowCount).map((_, index) => index & 255);
    return compute.gradient(
      { rows, labels: null, rowCount },
      draw,
      { klWeight: 1 },
      new Float32Array(parameterCount),
    );
  };
  const error: unknown = await gradient(100_000).catch((found: unknown) => found); // a layer of 4.9 GB
  assert.ok(error instanceof LockstepError, String(error));
  const size = Number(/--micro-batch-size (\d+)/.exec(error.message)?.[1]);
  assert.ok(size >= 2 && 100_000 % size === 0, error.message);
  const { loss } = await gradient(10); // the device goes on
  assert.ok(Number.isFinite(loss));
  compute.dispose();
});
