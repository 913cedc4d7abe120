/** The time limit of a job on a real Slurm, which looks every half minute whose time is up. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { requiresSlurm } from '../../support/requires.ts';
import { startSlurm } from '../../support/slurm.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { beganAgain, launchTrain, logOf } from './jobs.ts';

test('a job saves a checkpoint in time, goes back into the queue, and goes on', async (context) => {
  if (!requiresSlurm(context)) return;
  const own = await startSlurm();
  context.after(() => own.stop());
  const dir = temporaryFolder();
  const flags = ['--nodes', '3', '--time', '2', '--save-before', '90'];
  const job = await launchTrain(own, flags, join(dir, 'limit'), ['--steps', '20000']);
  await beganAgain(job, 2);
  assert.match(logOf(job.runDir), /Slurm asked for the end: the job goes back into the queue/);
});
