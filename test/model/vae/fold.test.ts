/** The autoencoder as dense layers, worked out in float64 by hand, beside the model itself. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { rowLength } from '../../../shared/data/dataset.ts';
import { featuresOf, generativeOf } from '../../../shared/model/loaded-model.ts';
import type { Network } from '../../../shared/model/network.ts';
import type { Runtime } from '../../../shared/model/runtime.ts';
import { openRuntime } from '../../../shared/model/runtimes.ts';
import { modelSettingsSchema, type ModelSettings } from '../../../shared/model/settings.ts';
import { foldVae } from '../../../shared/model/vae/fold.ts';
import {
  seededBatch,
  smallImage,
  smallLatent,
  smallVae,
  type SmallOptions,
} from '../../support/small-vae.ts';

let runtime: Runtime;
before(async () => {
  runtime = await openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true });
});

const rowCount = 5;
const shape = { width: 16, latent: smallLatent, encoderBlocks: 2, branchBlocks: 1, decoderBlocks: 2 };

const cases: readonly (readonly [name: string, options: SmallOptions])[] = [
  ['principal components', {}],
  ['whitened components', { whiten: true }],
  ['pixels', { components: null }],
  ['probabilities of pixels', { components: null, settings: { likelihood: 'bernoulli' } }],
  ['pixels without shared blocks', { components: null, settings: { encoderBlocks: 0 } }],
  [
    'no hidden layer at all',
    { components: null, settings: { encoderBlocks: 0, branchBlocks: 0, decoderBlocks: 0 } },
  ],
  ['components and no hidden layer', { settings: { encoderBlocks: 0, branchBlocks: 0, decoderBlocks: 0 } }],
  ['one learned variance', { settings: { likelihood: 'logVariance', varianceHead: 'shared' } }],
];

for (const [name, options] of cases) {
  test(`folded, decoder and encoder give what the model gives: ${name}`, async () => {
    const { loaded, dispose } = await smallVae(runtime, options);
    const settings: ModelSettings = modelSettingsSchema.parse({ ...shape, ...options.settings });
    const { encoder, decoder } = await foldVae(loaded, settings);
    const { generative, parameters, mode } = generativeOf(loaded);
    const batch = seededBatch(rowCount);
    const latents = Float64Array.from({ length: rowCount * smallLatent }, (_, at) => Math.sin(3 * at) * 2);
    const expected = tf.tidy(() => {
      const posterior = generative.encode(parameters, featuresOf(loaded, batch), mode);
      const z = tf.tensor2d(Float32Array.from(latents), [rowCount, smallLatent]);
      const pixels = loaded.projection().restore(generative.decode(parameters, z, mode).mean());
      return [posterior.mean, posterior.logVariance, tf.clipByValue(pixels, 0, 1)].map((x) => x.dataSync());
    });
    const pixels = Float64Array.from(batch.rows, (byte) => byte / 255);
    const found = [...compute(encoder, pixels), ...compute(decoder, latents)];
    assert.equal(found[2]!.length, rowCount * rowLength(smallImage));
    for (const [index, values] of expected.entries()) {
      const worst = Math.max(...values.map((value, at) => Math.abs(value - found[index]![at]!)));
      assert.ok(worst < 1e-5, `output ${index} is off by ${worst}`);
    }
    dispose();
  });
}

test('values of pixels outside of the valid range are clipped, and some are', async () => {
  const { loaded, dispose } = await smallVae(runtime);
  const { decoder } = await foldVae(loaded, modelSettingsSchema.parse(shape));
  const far = Float64Array.from({ length: rowCount * smallLatent }, (_, at) => 60 * Math.sin(at));
  const [pixels] = compute(decoder, far);
  assert.ok(pixels!.every((value) => value >= 0 && value <= 1));
  assert.ok(pixels!.some((value) => value === 0) && pixels!.some((value) => value === 1));
  dispose();
});

/** What the layers say, row by row. */
function compute({ input, layers, outputs }: Network, rows: Float64Array): Float64Array[] {
  const reached = new Map([[input, rows]]);
  for (const { name, input: from, inputSize, size, kernel, bias, activation } of layers) {
    const x = reached.get(from)!;
    const y = new Float64Array(rowCount * size);
    y.forEach((_, at) => {
      const [row, column] = [Math.floor(at / size), at % size];
      let sum = bias[column]!;
      for (let k = 0; k < inputSize; k++) sum += x[row * inputSize + k]! * kernel[k * size + column]!;
      y[at] = activate[activation](sum);
    });
    reached.set(name, y);
  }
  return outputs.map((name) => reached.get(name)!);
}

const activate = {
  linear: (x: number) => x,
  relu: (x: number) => Math.max(0, x),
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  clip: (x: number) => Math.min(1, Math.max(0, x)),
};
