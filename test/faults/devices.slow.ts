/** Devices that are slow, or hang. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRun, undisturbed } from '../support/faults/runs.ts';
import { summaryOf } from '../support/lockstep.ts';

const steps = 60;
const length = ['--steps', `${steps}`];

test('a long kernel, during which no JavaScript runs, is no hang', async (context) => {
  const run = await startRun([...length, '--workers', '1'], context);
  run.add({ kind: 'block', step: 9, ms: 12_000 });
  await run.says(/waiting for gradient of step 9: rank 0 on/, 120_000);
  const summary = summaryOf(await run.ended);
  assert.doesNotMatch(run.told(), /lost|did not finish/);
  assert.equal(summary.parametersSha256, await undisturbed(steps));
});

test('a worker that hangs is named within seconds, sent away at its deadline, and replaced', async (context) => {
  const run = await startRun([...length, '--workers', '1'], context);
  run.add({ kind: 'block', step: 9, ms: 600_000 });
  await run.says(/waiting for gradient of step 9: rank 0 on/, 120_000);
  await run.says(/rank 0 .*did not finish gradient within \d+ s/, 120_000);
  run.add();
  const summary = summaryOf(await run.ended);
  assert.equal(summary.parametersSha256, await undisturbed(steps));
});
