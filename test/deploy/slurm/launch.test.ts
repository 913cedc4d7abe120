/**
 * One run on a real Slurm of three nodes, which `npm test` can afford; what else can befall a job is in
 * jobs.slow.ts, run by `npm run slurm`.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { requiresSlurm } from '../../support/requires.ts';
import { startSlurm } from '../../support/slurm.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { launchTrain, logOf, madeSteps, oneBoxDigest, resultOf, workersOf } from './jobs.ts';

test(
  'a job on three nodes, of whose workers one is killed, ends in the digest of the run on one box',
  { timeout: 290_000 },
  async (context) => {
    if (!requiresSlurm(context)) return;
    const slurm = await startSlurm();
    context.after(() => slurm.stop());
    const folder = temporaryFolder();
    const words = ['--steps', '60'];
    const job = await launchTrain(slurm, ['--nodes', '3', '--time', '10'], join(folder, 'job'), [
      ...words,
      '--checkpoint-every',
      '1steps', // so that the kill comes between two steps
    ]);
    const reference = oneBoxDigest(join(folder, 'box'), words);
    await madeSteps(job, 5);
    const keys = readdirSync(join(job.runDir, 'slurm')).filter((name) => name.startsWith('connection-'));
    assert.deepEqual(
      keys.map((name) => statSync(join(job.runDir, 'slurm', name)).mode & 0o777),
      [0o600],
    );
    process.kill(workersOf(job)[0]!.pid, 'SIGKILL');
    assert.equal(await slurm.ended(job.id), 'COMPLETED', logOf(job.runDir));
    assert.equal(resultOf(job).parametersSha256, await reference);
    const ranks = [0, 1, 2].map((rank) => readFileSync(join(job.runDir, 'logs', `rank-${rank}.log`), 'utf8'));
    assert.equal(ranks.filter((text) => /rank \d ended with exit code 137/.test(text)).length, 1);
    assert.deepEqual(
      readdirSync(join(job.runDir, 'slurm')).filter((name) => name.startsWith('connection-')),
      [],
      'keys do not outlive the job',
    );
  },
);
