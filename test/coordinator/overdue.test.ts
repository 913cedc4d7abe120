/** What a person is told of a run that does not go on, on the network in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRun, type Run, type WorkerSetup } from '../support/cluster.ts';
import { linearModel } from '../support/fake-models.ts';

const model = linearModel(4);

/** A device that never comes back from step 1. */
const stuck: WorkerSetup['alter'] = (compute) => ({
  ...compute,
  gradient: (batch, draw, ...rest) =>
    draw.step === 1 ? new Promise(() => {}) : compute.gradient(batch, draw, ...rest),
});

const said = (run: Run, kind: string): boolean => run.notices.some((notice) => notice.kind === kind);

test('within five seconds of a stall its ranks are named, with host, device and what they did last', async () => {
  const run = await startRun({ seed: 1, model, expectedWorkers: 2 });
  for (const name of ['box1', 'box2']) run.startWorker(name, { alter: stuck });
  await run.network.runUntil(() => run.steps.length === 1);
  const beganMs = run.network.nowMs;
  await run.network.runUntil(() => said(run, 'stalled'));
  assert(run.network.nowMs - beganMs <= 5100);
  const stall = run.notices.find(({ kind }) => kind === 'stalled');
  assert(stall?.kind === 'stalled');
  assert.equal(stall.what, 'gradient of step 1');
  assert.deepEqual(stall.by.map(({ host }) => host).sort(), ['box1', 'box2']);
  assert(
    stall.by.every(
      ({ device, reason }) =>
        device === 'arithmetic' && reason.startsWith('receiving parameters (its process answers'),
    ),
  );
  await run.shell.close();
});

test('while fewer workers than --min-workers are there, it is told who is missing and since when', async () => {
  const run = await startRun({ seed: 2, model, expectedWorkers: 2, minWorkers: 2 });
  run.startWorker('stays');
  run.startWorker('goes');
  await run.network.runUntil(() => run.steps.length === 1);
  run.network.crash('goes');
  await run.network.runUntil(() => said(run, 'tooFew'));
  const waits = run.notices.find(({ kind }) => kind === 'tooFew');
  assert(waits?.kind === 'tooFew');
  assert.deepEqual([waits.ready, waits.wanted, waits.missing[0]!.host], [1, 2, 'goes']);
  assert.match(waits.missing[0]!.reason, /^lost: /);
  run.startWorker('comes');
  assert.equal((await run.finish()).steps, 3);
});
