import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFeatures, withoutDraws } from '../../shared/model/quiet.ts';
import { openRuntime } from '../../shared/model/runtimes.ts';
import { drawKey, seededBatch, smallVae } from '../support/small-vae.ts';

const runtime = await openRuntime('cpu', { threads: 1, precision: 'float32', allowCpu: true });
const rowCount = 20;
const batch = seededBatch(rowCount);

/** Loss and gradient of the small model, at one micro-batch's draws. */
async function gradientAt(quiet: boolean, microBatch: number, dropout: number): Promise<readonly number[]> {
  const compute = await smallVae(quiet ? withoutDraws(runtime) : runtime, { settings: { dropout } });
  const gradient = new Float32Array(compute.layout.parameterCount);
  const terms = await compute.gradient(batch, drawKey({ microBatch }), { klWeight: 1 }, gradient);
  compute.dispose();
  return [terms['loss']!, ...gradient];
}

test('without draws, loss and gradient depend on parameters and rows alone', async () => {
  const reference = await gradientAt(true, 0, 0);
  assert.deepEqual(await gradientAt(true, 1, 0), reference);
  assert.notDeepEqual(await gradientAt(false, 0, 0), await gradientAt(false, 1, 0));
});

test('without draws there is no dropout', async () => {
  await assert.rejects(gradientAt(true, 0, 0.5), /the dropout of the model has to be 0/);
});

test('features are those of the rows, one after another', async () => {
  const compute = await smallVae(runtime);
  const all = await readFeatures(compute.loaded, batch);
  const size = batch.rows.length / rowCount;
  const last = { rows: batch.rows.subarray(size), labels: null, rowCount: rowCount - 1 };
  const featureCount = all.length / rowCount;
  assert.deepEqual(await readFeatures(compute.loaded, last), all.subarray(featureCount));
  compute.dispose();
});
