/**
 * Reducers outside, as hosts of their own on the network in memory: whatever befalls them or the workers, a run
 * ends with the parameters of a plain loop, or says that it is to be resumed, and then does.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LockstepError } from '../../../shared/errors.ts';
import { chunkLength } from '../../../shared/math/layout.ts';
import { configOf, startRun, type Run, type RunSetup } from '../../support/cluster.ts';
import { classifierModel, linearModel } from '../../support/fake-models.ts';
import { runPlainly } from '../../support/plain-run.ts';

/** Two chunks, the last one short. */
const model = linearModel(4, chunkLength + 1000);
const expected = await runPlainly(model, configOf());
const config = { reducers: 2 };

function begin(setup: Partial<RunSetup> & { readonly seed: number }): Promise<Run> {
  return startRun({ model, config, expectedWorkers: 2, ...setup });
}

async function endsAsExpected(run: Run, hint: string): Promise<void> {
  const { parameters, stopped } = await run.finish();
  assert.equal(stopped, 'finished');
  assert(parameters.length === expected.length);
  assert(
    parameters.every((value, index) => Object.is(value, expected[index])),
    hint,
  );
  assert.deepEqual(run.offences, [], hint);
}

/** Runs until so many steps are made, and so many events more. */
async function steps(run: Run, count: number, events: number): Promise<void> {
  while (run.steps.length < count) await run.events(1);
  await run.events(events);
}

const fewer = (run: Run) => run.notices.filter(({ kind }) => kind === 'fewReducers');

describe('the parameters are those of a plain loop', () => {
  test('when a worker is killed among its chunks, and another comes', async () => {
    for (const seed of [0, 1, 2]) {
      const run = await begin({ seed, config: { reducers: 2 + (seed % 2) } });
      run.startWorker('a');
      run.startWorker('b', { leafMs: 5 });
      await steps(run, seed === 0 ? 0 : 1, 40 + 23 * seed);
      run.network.crash('b');
      run.startWorker('c');
      await endsAsExpected(run, `seed ${seed}`);
    }
  });

  test('when workers are killed and come at any moment, in many schedules', async () => {
    const small = classifierModel(4, 3); // one chunk: the second reducer has none
    const wanted = await runPlainly(small, configOf());
    for (let seed = 0; seed < 40; seed++) {
      const run = await begin({ seed, model: small });
      run.startWorker('a');
      run.startWorker('b', { leafMs: 5 });
      await run.events(5 + ((seed * 37) % 110));
      run.network.crash(seed % 2 === 0 ? 'a' : 'b');
      run.startWorker('c');
      assert.deepEqual((await run.finish()).parameters, wanted, `seed ${seed}`);
      assert.deepEqual(run.offences, [], `seed ${seed}`);
    }
  });

  test('when a worker is cut off and comes back: it joins every reducer anew', async () => {
    const run = await begin({ seed: 3 });
    run.startWorker('a');
    run.startWorker('b');
    await steps(run, 1, 20);
    run.network.cut('b');
    run.network.runFor(6000);
    run.network.heal('b');
    await endsAsExpected(run, 'cut');
  });

  test('when a reducer is cut off for a moment', async () => {
    const run = await begin({ seed: 4 });
    run.startWorker('a');
    run.startWorker('b');
    await steps(run, 1, 15);
    run.network.cut('r0');
    run.network.runFor(3000);
    run.network.heal('r0');
    await endsAsExpected(run, 'a moment');
  });
});

describe('a lost reducer is a lost run', () => {
  for (const [seed, events] of [
    [5, 3],
    [6, 40],
    [7, 75],
  ] as const)
    test(`that is resumed from its last checkpoint, ${events} events after the first step`, async () => {
      const first = await begin({ seed });
      first.startWorker('a');
      first.startWorker('b');
      await steps(first, 1, events);
      first.network.crash('r1');
      await assert.rejects(first.finish(), (error) => {
        assert(error instanceof LockstepError && error.exitCode === 75);
        return /^the reducer on r1 .* is lost/.test(error.message);
      });
      await first.network.runUntil(() => first.exits.has('r0'));
      assert.equal(first.exits.get('r0')!.code, 75, 'the other one is of no use any more');
      const { network, snapshots } = first;
      const resume = snapshots.at(-1); // none where the first one was being made
      const second = await begin({ seed, network, epoch: 2, ...(resume && { resume }) });
      await endsAsExpected(second, `resumed after step ${resume?.progress.step}`);
      await network.runUntil(() => first.exits.get('a')?.code === 0 && first.exits.get('b')?.code === 0);
    });
});

describe('a reducer that does not come', () => {
  test('is told of in one line, and the run goes on with the others', async () => {
    const run = await begin({ seed: 8, comingReducers: 1 });
    run.startWorker('a');
    run.startWorker('b');
    await run.events(10);
    run.shell.reducerAbsent('reducer 1 ended with exit code 3');
    await endsAsExpected(run, 'one of two');
    assert(run.network.nowMs < 10_000, 'nobody waited for it');
    const reason = 'reducer 1 ended with exit code 3';
    assert.deepEqual(fewer(run), [{ kind: 'fewReducers', expected: 2, here: 1, reason }]);
    await run.network.runUntil(() => run.exits.get('r0')?.code === 0);
  });

  test('is waited for, but not for long; without any the coordinator reduces by itself', async () => {
    const run = await begin({ seed: 9, comingReducers: 0 });
    run.startWorker('a');
    run.startWorker('b');
    await run.events(200);
    run.startReducer('late');
    await endsAsExpected(run, 'none');
    await run.network.runUntil(() => run.exits.has('late'));
    const [notice] = fewer(run);
    assert(notice?.kind === 'fewReducers' && notice.here === 0 && /within 30 s/.test(notice.reason));
    assert.deepEqual(run.exits.get('late'), { code: 78, reason: 'refused: the run has begun without it' });
  });
});
