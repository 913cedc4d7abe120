/** Deaths at any moment, under the supervisor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { undisturbed } from '../support/faults/runs.ts';
import { startSupervised } from '../support/faults/supervised.ts';
import { stepsIn, summaryOf, until } from '../support/lockstep.ts';

const steps = 60;
const length = ['--steps', `${steps}`];

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
  assert.equal(summary.parametersSha256, await undisturbed(steps));
  assert.equal(stepsIn(run.runDir), steps);
});
