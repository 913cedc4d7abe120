/** Jobs of other shapes on a real Slurm: with a GPU for each task, and a sweep as an array of jobs. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runLockstep } from '../../support/lockstep.ts';
import { requiresSlurm } from '../../support/requires.ts';
import { startSlurm } from '../../support/slurm.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { launchTrain, logOf, madeSteps, small, workersOf } from './jobs.ts';

test('a job gives each worker a GPU of its own', async (context) => {
  if (!requiresSlurm(context)) return;
  const slurm = await startSlurm();
  context.after(() => slurm.stop());
  const folder = temporaryFolder();
  const flags = ['--nodes', '1', '--gpus-per-node', '2', '--time', '10'];
  const run = ['--runtime', 'auto', '--allow-cpu', '--steps', '20', '--checkpoint-every', '1steps'];
  const job = await launchTrain(slurm, flags, join(folder, 'gpus'), run);
  await madeSteps(job, 1);
  const devices = workersOf(job).map(({ environment }) =>
    environment.find((entry) => entry.startsWith('CUDA_VISIBLE_DEVICES=')),
  );
  assert.deepEqual(new Set(devices), new Set(['CUDA_VISIBLE_DEVICES=0', 'CUDA_VISIBLE_DEVICES=1']));
  assert.equal(await slurm.ended(job.id), 'COMPLETED', logOf(job.runDir));
});

test('a job of a sweep is one trial of an array, and a last job writes the report', async (context) => {
  if (!requiresSlurm(context)) return;
  const slurm = await startSlurm();
  context.after(() => slurm.stop());
  const folder = temporaryFolder();
  const dir = join(folder, 'sweep');
  const trials = ['--batch-size', '50,100', '--micro-batch-size', '25', '--no-control', '--steps', '10'];
  const settings = small.filter((_, index, all) => !/batch-size/.test(`${all[index - 1]} ${all[index]}`));
  const sweep = ['sweep', ...settings, ...trials, '--run-dir', dir];
  const flags = ['--slurm', '--ntasks', '2', '--array-limit', '1'];
  const { code, stderr } = await runLockstep(['launch', ...flags, ...sweep], slurm.environment);
  assert.equal(code, 0, stderr);
  const report = readFileSync(join(dir, 'slurm', 'report-id'), 'utf8').trim();
  assert.equal(await slurm.ended(report, 200_000), 'COMPLETED', logOf(dir));
  const { trials: records } = JSON.parse(readFileSync(join(dir, 'sweep.json'), 'utf8')) as {
    trials: readonly { state: string; workers: number; steps: number }[];
  };
  assert.deepEqual(
    records.map(({ state, workers, steps }) => ({ state, workers, steps })),
    [50, 100].map(() => ({ state: 'finished', workers: 2, steps: 10 })),
  );
  assert.ok(existsSync(join(dir, 'report.html')));
  const again = await runLockstep(['launch', '--slurm', 'sweep', '--resume', dir], slurm.environment);
  assert.match(again.stderr, /all trials are finished/);
});
