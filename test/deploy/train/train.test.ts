/**
 * Whole runs of the real command: coordinator, workers and ZeroMQ as processes. The oracle is the digest of the
 * parameters: however many workers there were, and whatever befell them, it is that of the undisturbed run.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { RunSummary } from '../../../coordinator/summary.ts';
import { stepsIn, startLockstep, summaryOf, train, until, type Running } from '../../support/lockstep.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { smallRun } from './small-run.ts';

const steps = 32; // over five epochs
const slow = ['--checkpoint-every', '1steps']; // so that something can befall it between two steps
const small = [...smallRun, '--runtime', 'tensorflow'];
const folder = temporaryFolder(); // of the run that nothing befalls
let undisturbed: Promise<RunSummary> | null = null;

/** The digest of the run that nothing befalls. */
async function reference(): Promise<string> {
  const flags = ['--steps', `${steps}`, '--workers', '1', '--run-dir', join(folder, 'run')];
  undisturbed ??= train([...small, ...flags]);
  return (await undisturbed).parametersSha256;
}

suite('a run as processes', { timeout: 295_000 }, () => {
  test('ends in the same bits with 1, 2 and 3 workers', async () => {
    const folder = temporaryFolder();
    for (const workers of [2, 3]) {
      const runDir = join(folder, `${workers}`);
      const summary = await train([
        ...small,
        '--steps',
        `${steps}`,
        '--workers',
        `${workers}`,
        '--run-dir',
        runDir,
      ]);
      assert.equal(summary.parametersSha256, await reference(), `${workers} workers`);
      assert.deepEqual(
        { ...summary, loss: 0, heldOutLoss: 0, samplesPerSecond: 0, seconds: 0, parametersSha256: '' },
        {
          runDir,
          steps,
          epochs: (steps * 100) / 540,
          loss: 0,
          heldOutLoss: 0,
          samplesPerSecond: 0,
          parametersSha256: '',
          runtime: 'tensorflow',
          workers,
          batchSize: 100,
          microBatchSize: 20,
          parameterCount: summary.parameterCount,
          seconds: 0,
        },
      );
      assert.ok(summary.samplesPerSecond > 0 && summary.seconds > 0 && Number.isFinite(summary.heldOutLoss));
      assert.equal(stepsIn(runDir), steps);
      assert.deepEqual(
        readdirSync(join(runDir, 'logs')).sort(),
        Array.from({ length: workers }, (_, rank) => `rank-${rank}.log`),
      );
      assert.match(readFileSync(join(runDir, 'report.html'), 'utf8'), /<html/);
    }
  });

  test('on wasm, too, 1, 2 and 3 workers end in the same bits', async () => {
    const folder = temporaryFolder();
    const digests = new Set<string>();
    for (const workers of [1, 2, 3]) {
      const flags = [...smallRun, '--runtime', 'wasm', '--steps', `${steps}`, '--workers', `${workers}`];
      digests.add((await train([...flags, '--run-dir', join(folder, `${workers}`)])).parametersSha256);
    }
    assert.equal(digests.size, 1);
  });

  test('interrupted by Ctrl-C it saves and leaves, and resumed it ends in the same bits', async () => {
    const runDir = join(temporaryFolder(), 'run');
    const run = begin(['--workers', '2', '--steps', `${steps}`, '--run-dir', runDir, ...slow]);
    await until(
      () => stepsIn(runDir) >= 7,
      () => 'no step was made',
    );
    run.child.kill('SIGINT');
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 130, stderr);
    const made = (JSON.parse(stdout) as RunSummary).steps;
    assert.ok(made >= 7 && made < steps && stepsIn(runDir) === made, `${made} steps were made`);
    assert.deepEqual(run.processes(), []);
    const resumed = await train(['--resume', runDir, '--workers', '1']);
    assert.equal(resumed.parametersSha256, await reference());
  });

  test('resumed after some step it ends where the undisturbed run ends', async () => {
    const folder = temporaryFolder();
    for (const first of [6, 27]) {
      const runDir = join(folder, `${first}`);
      const flags = [...small, '--steps', `${first}`, '--workers', '2', '--run-dir', runDir];
      const half = await train(flags);
      const whole = await train(['--resume', runDir, '--steps', `${steps}`, '--workers', '2']);
      assert.notEqual(half.parametersSha256, whole.parametersSha256);
      assert.equal(whole.parametersSha256, await reference(), `resumed after step ${first}`);
      assert.equal(stepsIn(runDir), steps);
    }
  });

  test('a worker killed in the middle, and later the coordinator, change no bit', async () => {
    const runDir = join(temporaryFolder(), 'run');
    const run = begin(['--workers', '2', '--steps', `${steps}`, '--run-dir', runDir, ...slow]);
    await until(
      () => stepsIn(runDir) >= 6,
      () => 'no step was made',
    );
    kill(run, 'worker');
    await until(
      () => stepsIn(runDir) >= 12,
      () => 'no step after a worker was killed',
    );
    kill(run, 'coordinator');
    const summary = summaryOf(await run.ended);
    assert.equal(summary.parametersSha256, await reference());
    assert.equal(stepsIn(runDir), steps);
    assert.deepEqual(run.processes(), []);
  });

  test('no process outlives the command that started it', async () => {
    const runDir = join(temporaryFolder(), 'run');
    const run = begin(['--workers', '2', '--steps', '100000', '--run-dir', runDir]);
    await until(
      () => stepsIn(runDir) >= 2,
      () => 'no step was made',
    );
    assert.equal(run.processes().length, 4);
    run.child.kill('SIGKILL');
    await until(
      () => run.processes().length === 0,
      () => JSON.stringify(run.processes()),
      20_000,
    );
  });
});

const begin = (words: readonly string[]): Running => startLockstep(['train', '--json', ...small, ...words]);

/** Kills one process of a kind, as the kernel's out-of-memory killer would. */
function kill(run: Running, command: string): void {
  const found = run.processes().find(({ words }) => words.includes(command));
  assert.ok(found, `no ${command} is running`);
  process.kill(found.pid, 'SIGKILL');
}
