import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLayout } from '../../shared/math/layout.ts';
import { createModelCompute } from '../../shared/model/compute-model.ts';
import { flopsOf, record } from '../../shared/model/profile.ts';
import { createModel } from '../../shared/model/registry.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import { sizesOf, sizesOfCount } from '../../shared/model/sizes.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { configSchema } from '../../shared/runtime/config.ts';

const image = { height: 4, width: 4, channels: 3 };
const rowCount = 6;

for (const settings of [{}, { varianceHead: 'frozen' }, { encoderBlocks: 0, branchBlocks: 0 }] as const) {
  test(`the products of a gradient have the flops that the layout says, ${JSON.stringify(settings)}`, async () => {
    const config = configSchema.parse({ width: 8, latent: 5, components: null, ...settings });
    const model = createModel(config, image);
    const runtime = await openRuntime('wasm', { threads: 1, precision: 'tf32', allowCpu: true });
    const compute = await createModelCompute(model, runtime, { image, components: null, seed: 1 });
    const { parameterCount } = createLayout(model.parameters);
    await compute.setParameters(new Float32Array(parameterCount).fill(0.1));
    const rows = Uint8Array.from({ length: rowCount * 48 }, (_, index) => (index * 37) & 255);
    const draw = { seed: 1, purpose: 'training', step: 0, microBatch: 0 } as const;
    const { operations } = await record(
      () =>
        compute.gradient(
          { rows, labels: null, rowCount },
          draw,
          { klWeight: 1 },
          new Float32Array(parameterCount),
        ),
      () => systemClock.nowMs(),
    );
    const flops = operations.reduce((sum, { product }) => sum + (product === null ? 0 : flopsOf(product)), 0);
    assert.equal(sizesOf(model, image, null).flopsPerSample * rowCount, flops);
    compute.dispose();
  });
}

test('a projection adds its own products', () => {
  const config = configSchema.parse({ components: 7, width: 8, latent: 5 });
  const model = createModel(config, image);
  const [projected, plain] = [sizesOf(model, image, 7), sizesOf(model, image, null)];
  assert.equal(projected.flopsPerSample - plain.flopsPerSample, 2 * 48 * 7);
});

test('of a count alone, every parameter is a weight', () => {
  assert.equal(sizesOfCount(1e6).flopsPerSample, 6e6);
});
