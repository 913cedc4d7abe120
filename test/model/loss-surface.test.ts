/** The loss as a function of parameters alone: fixed draws, frozen batch norm, and a gradient that is its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createLossSurface } from '../../shared/model/loss-surface.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import { drawKey, seededBatch, seededParameters, smallVae } from '../support/small-vae.ts';

const batches = [seededBatch(12, undefined, 5), seededBatch(8, undefined, 6)];

async function surfaceOf(dropout: number, seed = 9) {
  const runtime = await openRuntime('wasm', { threads: 1, precision: 'float32', allowCpu: true });
  const compute = await smallVae(runtime, { settings: { dropout, likelihood: 'fixedVariance' } });
  return { compute, surface: createLossSurface(compute.loaded, batches, seed) };
}

test('the same at every call, whatever was asked in between, and another with other draws', async () => {
  const { compute, surface } = await surfaceOf(0.2);
  const here = seededParameters(compute.layout);
  const there = seededParameters(compute.layout, 2);
  const [first, second] = [new Float64Array(surface.size), new Float64Array(surface.size)];
  const loss = await surface.gradient(here, first);
  await surface.loss(there);
  assert.equal(await surface.gradient(here, second), loss);
  assert.deepEqual(second, first);
  assert.equal(await surface.loss(here), loss);
  const other = await surfaceOf(0.2, 10);
  assert.notEqual(await other.surface.loss(here), loss);
});

test('without dropout it is the loss of an evaluation, a mean over rows', async () => {
  const { compute, surface } = await surfaceOf(0);
  let sum = 0;
  for (const [microBatch, batch] of batches.entries()) {
    const draw = drawKey({ seed: 9, purpose: 'evaluation', step: 3, microBatch });
    sum += (await compute.evaluate(batch, draw, { klWeight: 1 }))['loss']!;
  }
  const loss = await surface.loss(seededParameters(compute.layout));
  assert.ok(Math.abs(loss - sum / 20) < 1e-4 * Math.abs(loss), `${loss} ${sum / 20}`);
});

test('dropout stays on, and batch norm does not look at the batch', async () => {
  const [without, with_] = [await surfaceOf(0), await surfaceOf(0.5)];
  const parameters = seededParameters(without.compute.layout);
  assert.notEqual(await with_.surface.loss(parameters), await without.surface.loss(parameters));
  const statistics = new Float32Array(without.compute.statisticsLength).fill(2);
  const before = await without.surface.loss(parameters);
  await without.compute.setStatistics(statistics);
  assert.notEqual(await without.surface.loss(parameters), before);
});

test('the gradient is that of the loss, in any direction', async () => {
  const { compute, surface } = await surfaceOf(0.2);
  const parameters = seededParameters(compute.layout);
  const gradient = new Float64Array(surface.size);
  await surface.gradient(parameters, gradient);
  const squares = gradient.reduce((sum, value) => sum + value * value, 0);
  const step = 1e-3 / Math.sqrt(squares);
  const along = (sign: number) =>
    surface.loss(parameters.map((value, i) => value + sign * step * gradient[i]!));
  const slope = ((await along(1)) - (await along(-1))) / (2 * step);
  assert.ok(Math.abs(slope / squares - 1) < 0.02, `${slope} ${squares}`);
});

test('no tensor is left behind', async () => {
  const { compute, surface } = await surfaceOf(0.2);
  const parameters = seededParameters(compute.layout);
  const out = new Float64Array(surface.size);
  const ask = async (): Promise<number> => {
    await surface.loss(parameters);
    await surface.gradient(parameters, out);
    return tf.memory().numTensors;
  };
  assert.equal(await ask(), await ask());
});
