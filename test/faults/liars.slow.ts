/** A device that computes other values: nothing of it is believed where it is found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRun, undisturbed } from '../support/faults/runs.ts';
import { train } from '../support/lockstep.ts';

test('of two that hold different values the run takes none: it ends, and goes on without them', async (context) => {
  const long = 104; // a step in a hundred is computed twice on purpose
  const run = await startRun(['--steps', `${long}`, '--workers', '2', '--min-workers', '2'], context);
  run.add({ kind: 'lie', step: 100 });
  run.add();
  const { code, stderr } = await run.ended;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /rank 0.*rank 1|rank 1.*rank 0/);
  const resumed = await train(['--resume', run.runDir, '--workers', '1', '--min-workers', '1']);
  assert.equal(resumed.parametersSha256, await undisturbed(long));
});
