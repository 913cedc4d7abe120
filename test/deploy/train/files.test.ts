/** Runs on image files: Fashion-MNIST as Debian packs it, and the full model on a `.mat` of 32 x 32 x 3 images. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readEpochs } from '../../../coordinator/run/history.ts';
import { runLockstep, train } from '../../support/lockstep.ts';
import { requiresFile } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const fashion = '/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz';

test('on Fashion-MNIST the held-out loss falls from epoch to epoch', async (context) => {
  if (!requiresFile(fashion, 'apt-get install dataset-fashion-mnist', context)) return;
  const runDir = join(temporaryFolder(), 'run');
  const flags = ['--data', fashion, '--train-fraction', '0.1', '--workers', '2', '--epochs', '3'];
  const summary = await train([...flags, '--run-dir', runDir, '--picture-every', '0']);
  assert.equal(summary.epochs, 3);
  const losses = readEpochs(runDir).map(({ heldOut }) => heldOut?.['loss'] ?? NaN);
  assert.equal(losses.length, 3);
  assert.ok(losses[0]! > losses[1]! && losses[1]! > losses[2]!, losses.join(', '));
});

test('the full model of preset svhn trains on a .mat, with the same bits on one and two workers', async () => {
  const folder = temporaryFolder();
  const mat = join(folder, 'train_32x32.mat');
  const made = await runLockstep(['data', 'synthesize', mat, '--rows', '700', '--seed', '3']);
  assert.equal(made.code, 0, made.stderr);
  const small = ['--batch-size', '100', '--micro-batch-size', '25', '--steps', '3'];
  const few = ['--evaluation-rows', '50', '--statistics-rows', '50', '--checkpoint-every', '1000steps'];
  const digests: string[] = [];
  for (const workers of [1, 2]) {
    const flags = ['--preset', 'svhn', '--data', mat, ...small, ...few, '--workers', `${workers}`];
    const summary = await train([
      ...flags,
      '--run-dir',
      join(folder, `${workers}`),
      '--reducers',
      `${workers}`,
    ]);
    assert.equal(summary.parameterCount, 48_489_020);
    digests.push(summary.parametersSha256);
  }
  assert.equal(digests[0], digests[1]);
});
