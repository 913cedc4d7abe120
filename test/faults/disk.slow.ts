/** A disk that is full, for a while or to the end: loud, training goes on, and no step is lost. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startRun, undisturbed } from '../support/faults/runs.ts';
import { stepsIn, summaryOf, train, until } from '../support/lockstep.ts';
import { openDisk } from '../support/small-disk.ts';

const steps = 60;
const words = ['--steps', `${steps}`, '--workers', '1', '--checkpoint-every', '4steps'];

test('a full disk for a while costs checkpoints, and nothing else', async (context) => {
  const disk = openDisk(context, '6m');
  if (disk === null) return;
  const run = await startRun([...words, '--run-dir', join(disk.path, 'run')], context);
  run.add();
  await until(() => stepsIn(run.runDir) >= 5, run.told);
  disk.fill();
  await run.says(/CHECKPOINT of step \d+ could not be written: ENOSPC/);
  disk.empty();
  const summary = summaryOf(await run.ended);
  assert.equal(summary.parametersSha256, await undisturbed(steps));
  assert.equal(stepsIn(run.runDir), steps);
});

test('a full disk to the end: exit code 1, and once there is room the run goes on from what was saved', async (context) => {
  const disk = openDisk(context, '6m');
  if (disk === null) return;
  const run = await startRun([...words, '--run-dir', join(disk.path, 'run')], context);
  run.add();
  await until(() => stepsIn(run.runDir) >= 5, run.told);
  disk.fill();
  const { code, stderr } = await run.ended;
  assert.equal(code, 1, stderr);
  assert.match(stderr, new RegExp(`the last checkpoint, of step ${steps}, was not written .*--resume`));
  disk.empty();
  const resumed = await train(['--resume', run.runDir, '--workers', '1']);
  assert.equal(resumed.parametersSha256, await undisturbed(steps));
  assert.equal(stepsIn(run.runDir), steps);
});
