/** Devices that are slow, hang or lie, and deaths at any moment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startRun, undisturbed } from '../support/faults/runs.ts';
import { startSupervised } from '../support/faults/supervised.ts';
import { stepsIn, summaryOf, train, until } from '../support/lockstep.ts';

const steps = 60;
const length = ['--steps', `${steps}`];

test('a long kernel, during which no JavaScript runs, is no hang', async (context) => {
  const run = await startRun([...length, '--workers', '1'], context);
  run.add({ kind: 'block', step: 9, ms: 12_000 });
  await run.says(/waiting for gradient of step 9: rank 0 on/, 120_000);
  const summary = summaryOf(await run.ended);
  assert.doesNotMatch(run.told(), /lost|did not finish/);
  assert.equal(summary.parametersSha256, await undisturbed(steps, context));
});

test('a worker that hangs is named within seconds, sent away at its deadline, and replaced', async (context) => {
  const run = await startRun([...length, '--workers', '1'], context);
  run.add({ kind: 'block', step: 9, ms: 600_000 });
  await run.says(/waiting for gradient of step 9: rank 0 on/, 120_000);
  await run.says(/rank 0 .*did not finish gradient within \d+ s/, 120_000);
  run.add();
  const summary = summaryOf(await run.ended);
  assert.equal(summary.parametersSha256, await undisturbed(steps, context));
});

test('of two that hold different values the run takes none: it ends, and goes on without them', async (context) => {
  const long = 104; // a step in a hundred is computed twice on purpose
  const run = await startRun(['--steps', `${long}`, '--workers', '2', '--min-workers', '2'], context);
  run.add({ kind: 'lie', step: 100 });
  run.add();
  const { code, stderr } = await run.ended;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /rank 0.*rank 1|rank 1.*rank 0/);
  const resumed = await train(['--resume', run.runDir, '--workers', '1']);
  assert.equal(resumed.parametersSha256, await undisturbed(long, context));
});

test('coordinator and workers killed at any moment, again and again', async (context) => {
  const words = [...length, '--workers', '2', '--checkpoint-every', '7steps', '--seed', '1'];
  const run = startSupervised(words, context);
  for (const [kill, waitMs] of [310, 770, 130, 490].entries()) {
    const before = stepsIn(run.runDir);
    await until(
      () => stepsIn(run.runDir) > Math.min(before, steps - 12) || stepsIn(run.runDir) >= 7,
      run.told,
    );
    await until(() => run.pidOf('coordinator') !== null && run.pidOf('worker') !== null, run.told);
    await delay(waitMs);
    const victim = run.pidOf(kill % 2 === 0 ? 'coordinator' : 'worker');
    if (victim !== null) process.kill(victim, 'SIGKILL');
    if (kill % 2 === 0) await run.restarted(kill / 2 + 1);
  }
  const summary = summaryOf(await run.ended);
  assert.equal(summary.parametersSha256, await undisturbed(steps, context));
  assert.equal(stepsIn(run.runDir), steps);
});
