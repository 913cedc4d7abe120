/** Where runs begin: with another run's parameters, or where the last checkpoint left theirs. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readInitial, resumeFrom } from '../../coordinator/beginning.ts';
import { checkpointName } from '../../coordinator/run/checkpoint-folder.ts';
import { writeSnapshot } from '../../coordinator/run/checkpoint.ts';
import { createRunFolder } from '../../coordinator/run/run-folder.ts';
import { configSchema } from '../../shared/runtime/config.ts';
import { assertSameBits, smallFrozen, smallModel, snapshotAt, someFacts } from '../support/snapshots.ts';
import { temporaryFolder } from '../support/temporary.ts';

async function runOf(seed: number, isFrozen = true) {
  const path = join(temporaryFolder(), 'run');
  const folder = createRunFolder(path, { host: 'box', pid: 1, startedAt: '2026-01-01T00:00:00Z' });
  const model = isFrozen ? smallModel : { ...smallModel, parameters: smallModel.parameters.slice(0, 2) };
  const snapshot = { ...snapshotAt(4), model };
  const frozen = isFrozen ? smallFrozen : new Float32Array(0);
  const facts = { ...someFacts, config: configSchema.parse({ seed }) };
  await writeSnapshot(join(folder.checkpoints, checkpointName(4)), snapshot, facts, frozen);
  return { folder, snapshot };
}

test('a run may begin with the parameters of another one, by its folder', async () => {
  const { folder, snapshot } = await runOf(7);
  const { path, take, model } = readInitial(folder.path, 7);
  assert.equal(path, join(folder.checkpoints, checkpointName(4)));
  assertSameBits(take(), snapshot.parameters);
  assert.throws(take, /taken once/); // it holds them no more
  assert.deepEqual(model, smallModel);
});

test('frozen parameters are of a seed: with another one, both are named, and what to do', async () => {
  const { folder } = await runOf(7);
  assert.throws(() => readInitial(folder.path, 8), {
    exitCode: 64,
    message: /--init-from .* its seed 7, and this run's seed is 8, .*: add --seed 7$/,
  });
});

test('without frozen parameters any seed will do', async () => {
  const { folder, snapshot } = await runOf(7, false);
  assertSameBits(readInitial(folder.path, 8).take(), snapshot.parameters);
});

test('a run goes on from its last checkpoint, with the same data only', async () => {
  const { folder, snapshot } = await runOf(7);
  const { progress, take } = resumeFrom(folder, someFacts.dataHash);
  assert.equal(progress?.step, 4);
  assertSameBits(take().snapshot, snapshot);
  assert.throws(take, /taken once/);
  assert.throws(() => resumeFrom(folder, 'other'), { exitCode: 65, message: /other data/ });
});
