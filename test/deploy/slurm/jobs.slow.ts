/**
 * What befalls jobs of a real Slurm: requeues, a signal, scancel, a coordinator's death. Whatever it was, the run ends in
 * the digest of the undisturbed one.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, suite, test, type TestContext } from 'node:test';
import { stepsIn, until } from '../../support/lockstep.ts';
import { requiresSlurm } from '../../support/requires.ts';
import { startSlurm, type Slurm } from '../../support/slurm.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { beganAgain, launchTrain, logOf, madeSteps, oneBoxDigest, resultOf, type Job } from './jobs.ts';

const words = ['--steps', '60'];
const slowly = [...words, '--checkpoint-every', '1steps'];
const folder = temporaryFolder();
let slurm: Slurm; // of all tests
let started: Promise<Slurm> | null = null;
let reference: string | null = null;

/** @returns whether there is a Slurm, which the first test starts */
async function ready(context: TestContext): Promise<boolean> {
  if (!requiresSlurm(context)) return false;
  slurm = await (started ??= startSlurm());
  return true;
}

const latest = ({ runDir }: Job): string =>
  readFileSync(join(runDir, 'checkpoints', 'latest'), 'utf8').trim();
const launch = (name: string, flags: readonly string[] = []): Promise<Job> =>
  launchTrain(slurm, ['--nodes', '3', '--time', '10', ...flags], join(folder, name), slowly);

async function endsWell(job: Job): Promise<void> {
  assert.equal(await slurm.ended(job.id, 200_000), 'COMPLETED', logOf(job.runDir));
  reference ??= await oneBoxDigest(join(folder, 'box'), words);
  assert.equal(resultOf(job).parametersSha256, reference);
}

suite('a job of Slurm', () => {
  after(async () => {
    await started?.then(({ stop }) => stop());
  });

  test('that is requeued goes on from its checkpoint, as a new incarnation with new keys', async (context) => {
    if (!(await ready(context))) return;
    const job = await launch('requeued');
    await madeSteps(job, 10);
    slurm.run('scontrol', 'requeue', job.id);
    await beganAgain(job, 2);
    await endsWell(job);
    assert.match(logOf(job.runDir), /resumed\s+after step \d+/);
  });

  test('that Slurm signals saves a checkpoint, and goes back into the queue by itself', async (context) => {
    if (!(await ready(context))) return;
    const job = await launch('signalled');
    await madeSteps(job, 10);
    slurm.run('scancel', '--batch', '--signal=TERM', job.id);
    await beganAgain(job, 2);
    assert.match(
      logOf(job.runDir),
      /Slurm asked for the end: the job goes back into the queue, and on from step-/,
    );
    await endsWell(job);
  });

  test('whose coordinator is killed goes back into the queue', async (context) => {
    if (!(await ready(context))) return;
    const job = await launch('killed');
    await madeSteps(job, 10);
    const { pid } = JSON.parse(readFileSync(join(job.runDir, 'owner-1.json'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await beganAgain(job, 2);
    assert.match(logOf(job.runDir), /the run ended with exit code 137: the job goes back into the queue/);
    await endsWell(job);
  });

  test('that is cancelled saves a checkpoint, and stays out of the queue', async (context) => {
    if (!(await ready(context))) return;
    const job = await launch('cancelled');
    await madeSteps(job, 10);
    slurm.run('scancel', job.id);
    assert.equal(await slurm.ended(job.id), 'CANCELLED');
    await until(
      () => /stopped as asked after/.test(logOf(job.runDir)),
      () => logOf(job.runDir),
    );
    const steps = Number(/\d+/.exec(latest(job)));
    assert.ok(steps >= 10 && steps === stepsIn(job.runDir), `${latest(job)}, ${stepsIn(job.runDir)} steps`);
    assert.deepEqual(
      readdirSync(join(job.runDir, 'slurm')).filter((name) => name.startsWith('connection-')),
      [],
    );
    assert.equal(slurm.run('squeue', '--noheader', '--states=PENDING,RUNNING'), '');
  });

  test('whose settings will not do ends for good', async (context) => {
    if (!(await ready(context))) return;
    const job = await launchTrain(slurm, [], join(folder, 'wrong'), [...words, '--data', '/nowhere.mat']);
    assert.equal(await slurm.ended(job.id), 'FAILED');
    assert.equal(readFileSync(join(job.runDir, 'slurm', 'run.code'), 'utf8'), '65\n');
  });

  test('of whose nodes one dies goes on with the others, without a requeue', async (context) => {
    if (!(await ready(context))) return;
    const few = ['--max-seconds', '70', '--checkpoint-every', '100steps']; // Slurm misses a node after some 40 s
    const job = await launchTrain(slurm, ['--nodes', '3', '--time', '10'], join(folder, 'bereft'), [
      ...few,
      '--steps',
      '100000',
    ]);
    await madeSteps(job, 10);
    slurm.kill('boxc');
    assert.equal(await slurm.ended(job.id), 'COMPLETED', logOf(job.runDir));
    assert.match(slurm.run('sinfo', '--noheader', '--states=down', '--format=%N'), /boxc/);
    const { steps, workers, parametersSha256 } = resultOf(job);
    assert.equal(workers, 2);
    assert.equal(parametersSha256, await oneBoxDigest(join(folder, 'alone'), ['--steps', `${steps}`]));
    assert.match(logOf(job.runDir), /rank \d lost/);
  });
});
