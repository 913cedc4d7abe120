/**
 * What every runtime must do, whatever computes: the golden numbers, copies, draws from counters, no leaks.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { RenderRequest } from '../../shared/model/compute.ts';
import type { Runtime } from '../../shared/model/runtime.ts';
import { assertGolden, golden } from './golden-vae.ts';
import { drawKey, seededBatch, smallVae } from './small-vae.ts';

/**
 * @param open the runtime under test; called once, before anything else
 * @param isSlow leaves out golden cases and variants that ask for no operation that the others do not ask for
 */
export function runtimeContract(name: string, open: () => Promise<Runtime>, { isSlow = false } = {}): void {
  let runtime: Runtime;

  test(`${name}: opens, and says what its bits depend on`, async () => {
    runtime = await open();
    assert.equal(runtime.fingerprint.backend, name);
    assert.ok(runtime.fingerprint.device.length > 0 && runtime.fingerprint.version.length > 0);
  });

  for (const goldenCase of golden.cases) {
    if (isSlow && !goldenForSlow.includes(goldenCase.name)) continue;
    test(`${name}: loss and gradients are PyTorch's: ${goldenCase.name}`, () =>
      assertGolden(goldenCase, 1e-5));
  }

  test(`${name}: an uploaded tensor is a copy, however the array lies in memory`, async () => {
    const memory = new WebAssembly.Memory({ initial: 4 }); // 64-byte aligned, like the arrays of an exchange
    for (const offset of [0, 64, 68]) {
      const values = new Float32Array(memory.buffer, offset, 1024).fill(1);
      const tensor = runtime.upload(values, [32, 32]);
      values.fill(2);
      assert.deepEqual(new Set(await tensor.data()), new Set([1]));
      tensor.dispose();
    }
  });

  test(`${name}: draws depend on the key and the order of calls alone`, async () => {
    const values = (key = drawKey(), length = 64): number[][] =>
      tf.tidy(() => {
        const draws = runtime.draws(key);
        const mask = draws.dropoutMask([4, length / 4], 0.2);
        const noise = [draws.standardNormal([length]), draws.standardNormal([length / 8, 8])];
        return [mask, ...noise].map((tensor) => [...tensor.dataSync()]);
      });
    const first = values();
    assert.deepEqual(values(), first);
    assert.equal(new Set(first.map((draw) => draw.join())).size, 3, 'each call draws anew');
    for (const change of [{ seed: 2 }, { purpose: 'evaluation' }, { step: 4 }, { microBatch: 3 }] as const) {
      const other = values(drawKey(change));
      assert.ok(
        other.every((draw, index) => draw.join() !== first[index]!.join()),
        `${JSON.stringify(change)} changes every draw`,
      );
    }
  });

  test(`${name}: masks keep four values in five, scaled by 5/4; noise is standard normal`, () =>
    tf.tidy(() => {
      const count = 200_000;
      const draws = runtime.draws(drawKey());
      const mask = draws.dropoutMask([count], 0.2).dataSync<'float32'>();
      assert.ok(mask.every((value) => value === 0 || value === 1.25));
      const deviation = Math.sqrt(0.2 * 0.8 * count);
      const dropped = mask.filter((value) => value === 0).length;
      assert.ok(Math.abs(dropped - 0.2 * count) < 5 * deviation, `${dropped} of ${count} are dropped`);
      const noise = draws.standardNormal([count]).dataSync<'float32'>();
      const moment = (power: number): number => noise.reduce((sum, value) => sum + value ** power, 0) / count;
      assert.ok(Math.abs(moment(1)) < 5 / Math.sqrt(count));
      assert.ok(Math.abs(moment(2) - 1) < 5 * Math.sqrt(2 / count));
      assert.ok(Math.abs(moment(4) - 3) < 5 * Math.sqrt(96 / count));
    }));

  test(`${name}: a quicker way to drop out gives what the mask gives, and keeps no mask`, () =>
    tf.tidy(() => {
      const [draws, same] = [runtime.draws(drawKey()), runtime.draws(drawKey())];
      if (draws.dropOut === undefined) return;
      const x = [tf.randomNormal([30, 50], 0, 1, 'float32', 1), tf.ones([7, 3])];
      const dropped = x.map((values) => draws.dropOut!(values, 0.2)); // both, before either is read
      for (const [index, values] of x.entries()) {
        const expected = tf.mul(values, same.dropoutMask(values.shape, 0.2)).dataSync();
        assert.deepEqual(dropped[index]!.dataSync(), expected);
      }
      assert.deepEqual(draws.standardNormal([4]).dataSync(), same.standardNormal([4]).dataSync());
    }));

  test(`${name}: every call gives the same bits again, and leaves no tensor behind`, async () => {
    const compute = await smallVae(runtime);
    const batch = seededBatch(16);
    const callAll = async (klWeight: number): Promise<unknown[]> => {
      const gradient = new Float32Array(compute.layout.parameterCount);
      const sums = new Float64Array(compute.statisticsLength);
      const terms = await compute.gradient(batch, drawKey(), { klWeight }, gradient);
      await compute.statistics(batch, drawKey({ purpose: 'statistics' }), sums);
      const evaluated = await compute.evaluate(batch, drawKey({ purpose: 'evaluation' }), { klWeight });
      const pictures = [await compute.render({ what: 'samples', count: 3, draw: drawKey() }, null)];
      for (const request of isSlow ? requests.slice(3, 4) : requests)
        pictures.push(await compute.render(request, batch));
      for (const pixels of pictures) assert.ok(pixels.every(Number.isFinite));
      return [gradient, sums, terms, evaluated, pictures];
    };
    const first = await callAll(1);
    const tensorCount = tf.memory().numTensors;
    assert.deepEqual(await callAll(1), first);
    await callAll(0.3); // a weight that was never seen before, as in every step of a warm-up
    assert.equal(tf.memory().numTensors, tensorCount);
    compute.dispose();
  });

  test(`${name}: whitened components and each likelihood evaluate, draw and differentiate`, async () => {
    for (const options of isSlow ? variants.slice(0, 1) : variants) {
      const compute = await smallVae(runtime, options);
      const batch = seededBatch(16);
      const gradient = new Float32Array(compute.layout.parameterCount);
      await compute.gradient(batch, drawKey(), { klWeight: 1 }, gradient);
      assert.ok(gradient.every(Number.isFinite));
      const { loss } = await compute.evaluate(batch, drawKey(), { klWeight: 1 });
      assert.ok(Number.isFinite(loss));
      const request = { what: 'posterior', draws: 2, output: 'draw', draw: drawKey() } as const;
      assert.ok((await compute.render(request, batch)).every((value) => value >= 0 && value <= 1));
      compute.dispose();
    }
  });
}

const goldenForSlow: readonly string[] = [
  'variance, trained head',
  'log-variance, shared',
  'Bernoulli',
  'free bits and weight of KL',
  'variance, trained head, evaluated',
];

const requests: readonly RenderRequest[] = [
  { what: 'reconstructions', draw: drawKey() },
  { what: 'posterior', draws: 3, output: 'mean', draw: drawKey() },
  { what: 'posterior', draws: 2, output: 'draw', draw: drawKey() },
  { what: 'interpolation', steps: 5, draw: drawKey() },
  { what: 'roundTrip', components: 6, clip: true },
  { what: 'variance', draw: drawKey() },
];

const variants = [
  { whiten: true, settings: { likelihood: 'fixedVariance' } },
  { settings: { varianceHead: 'frozen', sampling: 'original' } },
  { settings: { likelihood: 'logVariance', freeBits: 0.1 } },
  { settings: { likelihood: 'logVariance', varianceHead: 'shared' } },
  { components: null, settings: { likelihood: 'bernoulli' } },
  { components: null, settings: { dropout: 0 } },
] as const;
