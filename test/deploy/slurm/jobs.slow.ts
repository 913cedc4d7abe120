/**
 * What befalls jobs of a real Slurm: requeues, the time limit, scancel, a coordinator's death, GPUs by task, a sweep as
 * an array. Whatever it was, the run ends in the digest of the undisturbed one.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import { runLockstep, stepsIn, until } from '../../support/lockstep.ts';
import { requiresSlurm } from '../../support/requires.ts';
import { startSlurm, type Slurm } from '../../support/slurm.ts';
import {
  beganAgain,
  launchTrain,
  logOf,
  madeSteps,
  oneBoxDigest,
  resultOf,
  small,
  workersOf,
  type Job,
} from './jobs.ts';

const words = ['--steps', '60'];
const slowly = [...words, '--checkpoint-every', '1steps'];
let folder = '';
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

suite('a job of Slurm', { timeout: 295_000 }, () => {
  before(() => void (folder = mkdtempSync(join(tmpdir(), 'lockstep-'))));
  after(async () => {
    await started?.then(({ stop }) => stop());
    rmSync(folder, { recursive: true, force: true });
  });

  test('that is requeued goes on from its checkpoint, as a new incarnation with new keys', async (context) => {
    if (!(await ready(context))) return;
    const job = await launch('requeued');
    await madeSteps(job, 10);
    slurm.run('scontrol', 'requeue', job.id);
    await beganAgain(job, 2);
    assert.match(logOf(job.runDir), /resumed\s+after step \d+/);
    await endsWell(job);
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

  test('gives each worker a GPU of its own', async (context) => {
    if (!(await ready(context))) return;
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

  test('of a sweep is one trial of an array, and a last job writes the report', async (context) => {
    if (!(await ready(context))) return;
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
});

suite('a job of Slurm at its time limit', { timeout: 295_000 }, () => {
  test('saves a checkpoint in time, goes back into the queue, and on to the same end', async (context) => {
    if (!requiresSlurm(context)) return;
    const own = await startSlurm();
    context.after(() => own.stop());
    const dir = mkdtempSync(join(tmpdir(), 'lockstep-'));
    context.after(() => rmSync(dir, { recursive: true, force: true }));
    // Slurm looks every half minute whose time is up.
    const flags = ['--nodes', '3', '--time', '2', '--save-before', '90'];
    const job = await launchTrain(own, flags, join(dir, 'limit'), ['--steps', '2000']);
    await beganAgain(job, 2);
    assert.match(logOf(job.runDir), /Slurm asked for the end: the job goes back into the queue/);
    own.run('scancel', job.id);
    await own.ended(job.id);
  });
});
