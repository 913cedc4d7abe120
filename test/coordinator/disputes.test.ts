/** Two workers that compute different values of one node, on the network in memory. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { areAlike } from '../../coordinator/disputes.ts';
import type { NodeMessage } from '../../coordinator/task.ts';
import { LockstepError } from '../../shared/errors.ts';
import type { Compute } from '../../shared/model/compute.ts';
import { configOf, startRun, type Run, type WorkerSetup } from '../support/cluster.ts';
import { linearModel } from '../support/fake-models.ts';
import { runPlainly } from '../support/plain-run.ts';

const model = linearModel(4);
const config = { steps: 4 };
const expected = await runPlainly(model, configOf(config));

/** A device whose gradients have one bit flipped from step 2 on. */
const flipping: NonNullable<WorkerSetup['alter']> = (compute: Compute) => ({
  ...compute,
  async gradient(batch, draw, settings, gradient) {
    const terms = await compute.gradient(batch, draw, settings, gradient);
    if (draw.step >= 2) new Uint32Array(gradient.buffer, gradient.byteOffset)[1]! ^= 1 << 12;
    return terms;
  },
});

const reasonsOf = (run: Run): string[] =>
  run.notices.flatMap((notice) => (notice.kind === 'disagreed' ? [notice.reason] : []));

describe('of two workers that contradict each other', () => {
  test('the one that a third contradicts, too, is sent away, and nothing of it is in the result', async () => {
    let found = 0;
    for (let seed = 0; seed < 12; seed++) {
      const run = await startRun({ seed, model, config, expectedWorkers: 3, checkEvery: 2 });
      for (const name of ['a', 'b', 'c'])
        run.startWorker(name, name === 'abc'[seed % 3] ? { alter: flipping } : {});
      const { parameters } = await run.finish();
      const said = reasonsOf(run);
      if (said.length === 0) continue; // the liar was not among the two that were compared
      found += 1;
      assert.deepEqual(parameters, expected, `seed ${seed}`);
      assert.match(
        said[0]!,
        /^rank \d on . \(arithmetic\) and rank \d on . \(arithmetic\) computed different values/,
      );
      assert.match(said[1]!, new RegExp(`rank \\d on ${'abc'[seed % 3]} .*its device is broken`));
      assert.equal(run.exits.get('abc'[seed % 3]!)!.code, 1);
      assert.deepEqual(run.offences, []);
    }
    assert(found >= 6, `${found} were found`);
  });

  test('nobody is believed where there is no third: the run ends, names both and says what to do', async () => {
    const run = await startRun({ seed: 1, model, config, expectedWorkers: 2, checkEvery: 2 });
    run.startWorker('good');
    run.startWorker('bad', { alter: flipping });
    await assert.rejects(run.finish(), (error) => {
      assert(error instanceof LockstepError);
      assert.equal(error.exitCode, 1);
      assert.match(
        error.message,
        /rank 0 on \w+ .* and rank 1 on \w+ .* of gradient of step 2, .*resume with one/,
      );
      return true;
    });
    assert.equal(run.steps.length, 2);
  });
});

test('a check costs nothing but its time: like devices agree, whoever is lost meanwhile', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const run = await startRun({ seed, model, config, expectedWorkers: 3, checkEvery: 1 });
    for (const name of ['a', 'b', 'c']) run.startWorker(name);
    await run.events(25 + 3 * seed);
    if (seed >= 3) run.network.crash('abc'[seed % 3]!);
    assert.deepEqual((await run.finish()).parameters, expected, `seed ${seed}`);
    assert.deepEqual([reasonsOf(run), run.offences], [[], []]);
    if (seed < 3) assert(run.notices.every(({ kind }) => kind === 'joined'));
  }
});

test('answers are alike when every bit of them is', () => {
  const answer: NodeMessage = {
    type: 'node',
    task: 1,
    attempt: 0,
    first: 0,
    end: 2,
    sampleCount: 6,
    terms: { loss: 0.1, kl: NaN },
    squares: 0.3,
    nonFinite: [1],
    computeMs: 5,
  };
  assert(areAlike(answer, { ...answer, computeMs: 9, attempt: 1 }));
  assert(!areAlike(answer, { ...answer, squares: 0.1 + 0.2 }));
  assert(!areAlike({ ...answer, squares: 0 }, { ...answer, squares: -0 }));
  assert(areAlike(answer, { ...answer, checksum: 7 }));
  assert(!areAlike({ ...answer, checksum: 8 }, { ...answer, checksum: 7 }));
});
