/** A model behind the trainer's interface: pure functions of parameters, rows and draw key, in arrays. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Batch } from '../../shared/data/dataset.ts';
import { rowLength } from '../../shared/data/dataset.ts';
import type { DrawKey } from '../../shared/model/compute.ts';
import type { ModelCompute } from '../../shared/model/compute-model.ts';
import type { Draws } from '../../shared/model/model.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import type { Runtime } from '../../shared/model/runtime.ts';
import { relativeError } from '../support/golden-vae.ts';
import {
  cosineBasis,
  drawKey,
  seededBatch,
  seededParameters,
  smallImage,
  smallVae,
} from '../support/small-vae.ts';

let runtime: Runtime;
before(async () => {
  runtime = await openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true });
});

const settings = { klWeight: 1 };

async function gradientOf(compute: ModelCompute, batch: Batch, draw = drawKey(), klWeight = 1) {
  const gradient = new Float32Array(compute.layout.parameterCount).fill(NaN);
  const terms = await compute.gradient(batch, draw, { klWeight }, gradient);
  return { gradient, terms };
}

test('a gradient is overwritten, in layout order, and the same however often it was asked for', async () => {
  const compute = await smallVae(runtime);
  const batch = seededBatch(8);
  const first = await gradientOf(compute, batch);
  assert.ok(first.gradient.every(Number.isFinite));
  await gradientOf(compute, seededBatch(3, smallImage, 9), drawKey({ step: 8 }));
  assert.deepEqual(await gradientOf(compute, batch), first);
  assert.deepEqual(Object.keys(first.terms), [...compute.termNames]);
  assert.equal(compute.termNames[0], 'loss');
});

test('the whole gradient predicts the loss of a small step along it', async () => {
  const compute = await smallVae(runtime);
  const batch = seededBatch(8);
  const { gradient } = await gradientOf(compute, batch);
  const parameters = seededParameters(compute.layout);
  const norm = Math.hypot(...gradient);
  const lossAt = async (distance: number): Promise<number> => {
    await compute.setParameters(parameters.map((p, i) => p + (distance * gradient[i]!) / norm));
    return (await gradientOf(compute, batch)).terms['loss']!;
  };
  const h = 2 ** -13;
  const slope = ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
  assert.ok(Math.abs(slope - norm) < 0.01 * norm, `slope ${slope}, gradient ${norm}`);
});

test('the loss is nll and weighted KL, and its gradient linear in the weight', async () => {
  const compute = await smallVae(runtime);
  const batch = seededBatch(8);
  const [none, half, whole] = await Promise.all(
    [0, 0.5, 1].map((w) => gradientOf(compute, batch, drawKey(), w)),
  );
  for (const [{ terms }, weight] of [
    [none!, 0],
    [half!, 0.5],
    [whole!, 1],
  ] as const) {
    assert.ok(relativeError([terms['loss']!], [terms['nll']! + weight * terms['kl']!]) < 1e-6);
  }
  const middle = none!.gradient.map((value, index) => (value + whole!.gradient[index]!) / 2);
  assert.ok(relativeError(half!.gradient, middle) < 1e-5);
});

test('evaluation judges each row by itself: a batch costs what its rows cost', async () => {
  const draws = (): Draws => ({
    dropoutMask: () => assert.fail('dropout in evaluation'),
    standardNormal: (shape) => runtime.upload(new Float32Array(shape[0]! * shape[1]!).fill(0.3), shape),
  });
  const compute = await smallVae({ ...runtime, draws });
  const batch = seededBatch(6);
  const whole = await compute.evaluate(batch, drawKey(), settings);
  const size = rowLength(smallImage);
  let sum = 0;
  for (let row = 0; row < 6; row++) {
    const one = { rows: batch.rows.slice(row * size, (row + 1) * size), labels: null, rowCount: 1 };
    sum += (await compute.evaluate(one, drawKey(), settings))['loss']!;
  }
  assert.ok(relativeError([whole['loss']!], [sum]) < 1e-6);
});

test('evaluation asks for the noise of the key that it was given, once', async () => {
  const asked: DrawKey[] = [];
  const draws = (key: DrawKey): Draws => {
    asked.push(key);
    return runtime.draws(key);
  };
  const compute = await smallVae({ ...runtime, draws });
  const losses = new Set<number>();
  const keys = [0, 1, 2].map((microBatch) => drawKey({ purpose: 'evaluation', step: 0, microBatch }));
  for (const key of [...keys, keys[0]!]) {
    losses.add((await compute.evaluate(seededBatch(6), key, settings))['loss']!);
  }
  assert.deepEqual(asked, [...keys, keys[0]]);
  assert.equal(losses.size, 3);
});

test('precise statistics are the moments that training sees: the same rows then cost the same', async () => {
  const compute = await smallVae(runtime, { settings: { dropout: 0 } });
  const batch = seededBatch(8);
  const sums = new Float64Array(compute.statisticsLength);
  await compute.statistics(batch, drawKey(), sums);
  const half = sums.length / 2;
  const moments = Float32Array.from(sums, (value, i) => (i < half ? value : value - sums[i - half]! ** 2));
  await compute.setStatistics(moments);
  const evaluated = await compute.evaluate(batch, drawKey(), settings);
  const { terms } = await gradientOf(compute, batch);
  assert.ok(relativeError(Object.values(evaluated), Object.values(terms)) < 1e-5);
});

test('statistics of the input are the mean and mean of squares of its features', async () => {
  const compute = await smallVae(runtime, { components: null });
  const batch = seededBatch(8);
  const sums = new Float64Array(compute.statisticsLength);
  await compute.statistics(batch, drawKey(), sums);
  const size = rowLength(smallImage);
  const momentOf = (feature: number, power: number): number =>
    Array.from({ length: 8 }, (_, row) => (batch.rows[row * size + feature]! / 255) ** power).reduce(
      (a, b) => a + b,
    ) / 8;
  for (const feature of [0, 7, size - 1]) {
    assert.ok(Math.abs(sums[feature]! - momentOf(feature, 1)) < 1e-6);
    assert.ok(Math.abs(sums[sums.length / 2 + feature]! - momentOf(feature, 2)) < 1e-6);
  }
});

test('arrays that were set may be overwritten: parameters and statistics are copies', async () => {
  const compute = await smallVae(runtime);
  const before = await compute.evaluate(seededBatch(4), drawKey(), settings);
  const parameters = seededParameters(compute.layout);
  await compute.setParameters(parameters);
  parameters.fill(NaN);
  assert.deepEqual(await compute.evaluate(seededBatch(4), drawKey(), settings), before);
});

test('frozen parameters come from the seed of the run, not from what is set', async () => {
  const compute = await smallVae(runtime, { settings: { varianceHead: 'frozen' } });
  const names = compute.layout.trained.map(({ name }) => name);
  assert.ok(names.every((name) => !name.startsWith('decoder/variance/')));
  assert.ok(compute.layout.frozenCount > 0);
  const other = await smallVae(runtime, { settings: { varianceHead: 'frozen' } });
  assert.deepEqual(await gradientOf(compute, seededBatch(8)), await gradientOf(other, seededBatch(8)));
});

test('a copy on the device is told from values that differ in one bit', async () => {
  const compute = await smallVae(runtime);
  const values = Float32Array.from({ length: compute.layout.parameterCount }, (_, i) => Math.sin(i));
  await compute.setParameters(values);
  assert.ok(await compute.holdsParameters(values));
  new Uint32Array(values.buffer)[values.length - 1]! ^= 1;
  assert.ok(!(await compute.holdsParameters(values)));
});

test('arrays of a wrong length, and a basis of other components, are our own bugs', async () => {
  const compute = await smallVae(runtime);
  await assert.rejects(compute.setParameters(new Float32Array(3)), /values of \[P\]/);
  await assert.rejects(compute.setStatistics(new Float32Array(3)), /values of \[S\]/);
  const gradient = compute.gradient(seededBatch(4), drawKey(), settings, new Float32Array(3));
  await assert.rejects(gradient, /values of the gradient/);
  await assert.rejects(compute.setBasis(cosineBasis(rowLength(smallImage), 9)), /components of the basis/);
  await assert.rejects(compute.setBasis(null), /components of the basis/);
});
