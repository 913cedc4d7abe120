/** A checkpoint judged from its file alone, as a user does, on the wasm runtime. */
import assert from 'node:assert/strict';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { evaluate, evaluationLines, type EvaluateRequest } from '../../../deploy/trained/evaluate.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { writeImages, writeTrainedRun } from '../../support/trained-run.ts';

const request = (
  path: string,
  cacheDir: string,
  changes: Partial<EvaluateRequest> = {},
): EvaluateRequest => ({
  path,
  files: [],
  split: null,
  rows: null,
  importanceSamples: 4,
  bitsPerDimension: null,
  runtime: 'wasm',
  cacheDir,
  say: () => {},
  ...changes,
});

/** Of a model that has a decoder. */
async function bounds(asked: EvaluateRequest) {
  const report = await evaluate(asked);
  assert.ok(!('terms' in report));
  return report;
}

test('every figure is given for the held-out rows, and comes out the same again', async () => {
  const folder = temporaryFolder();
  const { path } = await writeTrainedRun(folder);
  const report = await bounds(request(path, folder));
  assert.equal(report.rowCount, 12); // a tenth of 120
  assert.equal(report.step, 7);
  assert.equal(report.latentCount, 3);
  assert.ok(Math.abs(report.elbo + report.nll + report.kl) < 1e-9);
  assert.ok(Number.isFinite(report.importanceBound));
  assert.ok(typeof report.bitsPerDimension === 'number' && Number.isFinite(report.bitsPerDimension));
  assert.deepEqual(await bounds(request(path, folder)), report);
  assert.equal(readdirSync(folder).filter((name) => name.startsWith('basis-')).length, 1);
  assert.ok(evaluationLines(report).some((line) => line.startsWith('bits per dimension')));
});

test('bits per dimension and the importance-weighted bound can be left out, and say so', async () => {
  const folder = temporaryFolder();
  const { path } = await writeTrainedRun(folder);
  const report = await bounds(request(path, folder, { bitsPerDimension: false, importanceSamples: 0 }));
  assert.equal(report.bitsPerDimension, null);
  assert.equal(report.importanceBound, null);
  assert.match(evaluationLines(report).join('\n'), /not computed: add --bits-per-dimension/);
});

test('other files and other splits are judged too; a split that is empty is refused', async () => {
  const folder = temporaryFolder();
  const { path } = await writeTrainedRun(folder);
  const others = join(folder, 'others-images-idx3-ubyte');
  writeImages(others, 25, 8);
  assert.equal((await bounds(request(path, folder, { files: [others] }))).rowCount, 25);
  assert.equal((await bounds(request(path, folder, { files: [others], rows: 7 }))).rowCount, 7);
  assert.equal((await bounds(request(path, folder, { split: 'training', rows: 30 }))).rowCount, 30);
  await assert.rejects(
    evaluate(request(path, folder, { split: 'test' })),
    /--split test.*heldOut or training/,
  );
});

test('data that changed since, or are gone, are told of in one line', async () => {
  const folder = temporaryFolder();
  const { path, config } = await writeTrainedRun(folder);
  const [images = ''] = config.data;
  writeImages(images, 120, 4);
  await assert.rejects(evaluate(request(path, folder)), /trained on other images/);
  renameSync(images, join(folder, 'elsewhere'));
  await assert.rejects(evaluate(request(path, folder)), { exitCode: 65 });
});

test('of pixels under a Bernoulli likelihood, bits per dimension are undefined', async () => {
  const folder = temporaryFolder();
  const { path } = await writeTrainedRun(folder, { components: null, likelihood: 'bernoulli' });
  const report = await bounds(request(path, folder));
  assert.equal(report.bitsPerDimension, 'undefined');
  assert.match(evaluationLines(report).join('\n'), /undefined/);
});
