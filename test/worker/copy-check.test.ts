/** A worker whose device spoils its copy of the parameters, on the network in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf, startRun, type Run, type WorkerSetup } from '../support/cluster.ts';
import { linearModel } from '../support/fake-models.ts';
import { runPlainly } from '../support/plain-run.ts';

const model = linearModel(4);

/** A device whose copy has a flipped bit, the first so many times. */
const spoiling =
  (times: number): NonNullable<WorkerSetup['alter']> =>
  (compute) => ({
    ...compute,
    async setParameters(values) {
      const spoiled = values.slice();
      if (times-- > 0) new Uint32Array(spoiled.buffer)[3]! ^= 1;
      await compute.setParameters(spoiled);
    },
  });

const lossesOf = (run: Run): string[] =>
  run.notices.flatMap((notice) => (notice.kind === 'lost' ? [notice.reason] : []));

test('a copy that differs in one bit computes nothing: it is sent anew, and counted', async () => {
  const run = await startRun({ seed: 1, model, expectedWorkers: 2 });
  run.startWorker('good', { leafMs: 20 });
  run.startWorker('bad', { alter: spoiling(1) });
  assert.deepEqual((await run.finish()).parameters, await runPlainly(model, configOf()));
  assert.equal(lossesOf(run).length, 1);
  assert.match(lossesOf(run)[0]!, /does not hold the parameters that it was sent; they are sent anew/);
  assert.deepEqual(run.offences, []);
  assert.equal(run.notices.filter(({ kind }) => kind === 'joined').length, 3);
});

test('a device that never holds what it is sent leaves with the reason, and the others go on', async () => {
  const run = await startRun({ seed: 2, model, config: { steps: 6 }, expectedWorkers: 2 });
  run.startWorker('good', { leafMs: 500 });
  run.startWorker('bad', { alter: spoiling(Infinity) });
  assert.deepEqual((await run.finish()).parameters, await runPlainly(model, configOf({ steps: 6 })));
  assert.deepEqual(run.exits.get('bad')?.code, 69);
  assert.match(run.exits.get('bad')!.reason, /3 times in a row: test its memory/);
});
