/** Who computes what, on the network in memory with virtual time: unlike devices, and devices that stumble. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Compute } from '../../shared/model/compute.ts';
import { configOf, startRun, type Run, type WorkerSetup } from '../support/cluster.ts';
import { linearModel } from '../support/fake-models.ts';
import { runPlainly } from '../support/plain-run.ts';

const model = linearModel(4);
const config = { steps: 8 };
const expected = await runPlainly(model, configOf(config));

const countOf = (run: Run, kind: string): number =>
  run.notices.filter((notice) => notice.kind === kind).length;

const sharesIn = (run: Run): number[][] =>
  run.notices.flatMap((notice) =>
    notice.kind === 'shares' ? [notice.shares.map(({ microBatches }) => microBatches)] : [],
  );

describe('work dealt by speed', () => {
  test('a device three times slower gets a third as much, and the step takes half the time; no bit changes', async (t) => {
    const run = await startRun({ seed: 1, model, config, expectedWorkers: 2 });
    run.startWorker('fast', { leafMs: 100 });
    run.startWorker('slow', { leafMs: 300 });
    assert.deepEqual((await run.finish()).parameters, expected);
    const times = run.steps.map(({ seconds }) => seconds);
    t.diagnostic(`seconds a step: ${times.map((time) => time.toFixed(2)).join(' ')}`);
    t.diagnostic(
      `micro-batches of each rank: 4 4, ${sharesIn(run)
        .map((shares) => shares.join(' '))
        .join(', ')}`,
    );
    assert.deepEqual(
      [...sharesIn(run).at(-1)!].sort((a, b) => a - b),
      [2, 6],
    );
    assert(times.at(-1)! < 0.6 * times[0]!);
    assert.deepEqual(run.offences, []);
  });

  test('like devices are dealt the same, step after step', async () => {
    const run = await startRun({ seed: 2, model, config, expectedWorkers: 3 });
    for (const leafMs of [100, 108, 93]) run.startWorker(`w${leafMs}`, { leafMs });
    assert.deepEqual((await run.finish()).parameters, expected);
    assert.equal(countOf(run, 'shares') + countOf(run, 'duplicated'), 0);
  });

  test('where nothing is learnt, an unlike device is dealt the same, and nobody does its work', async () => {
    const run = await startRun({ seed: 3, model, config, expectedWorkers: 2, learns: false });
    run.startWorker('fast', { leafMs: 10 });
    run.startWorker('slow', { leafMs: 3000 });
    assert.deepEqual((await run.finish()).parameters, expected);
    assert.equal(countOf(run, 'shares') + countOf(run, 'duplicated'), 0);
    assert.deepEqual(
      run.steps.map(({ workers }) => workers),
      run.steps.map(() => 2),
    );
  });
});

/** A device that needs so much longer for one micro-batch of step 4. */
const stumbling =
  (run: Run, name: string, ms: number): NonNullable<WorkerSetup['alter']> =>
  (compute: Compute) => ({
    ...compute,
    async gradient(batch, draw, settings, gradient) {
      const { clock } = run.network.host(name);
      if (draw.step === 4) await new Promise<void>((resolve) => void clock.after(ms, resolve));
      return compute.gradient(batch, draw, settings, gradient);
    },
  });

describe('what a late worker owes', () => {
  test('is computed by an idle one, too, and the first answer counts', async () => {
    const run = await startRun({ seed: 3, model, config, expectedWorkers: 2 });
    run.startWorker('good', { leafMs: 100 });
    run.startWorker('bad', { leafMs: 100, alter: stumbling(run, 'bad', 25_000) });
    assert.deepEqual((await run.finish()).parameters, expected);
    assert(countOf(run, 'duplicated') > 0);
    assert.equal(countOf(run, 'lost'), 0);
    assert(run.steps[4]!.seconds < 3, `${run.steps[4]!.seconds} s`);
    assert.deepEqual(run.offences, []);
  });

  test('counts once, whoever answers first and whoever is lost then', async () => {
    let [doubled, answeredTwice] = [0, 0];
    for (let seed = 0; seed < 40; seed++) {
      const run = await startRun({ seed, model, config: { ...config, reducers: 1 }, expectedWorkers: 3 });
      run.startWorker('a', { leafMs: 200 });
      run.startWorker('b', { leafMs: 220 });
      run.startWorker('bad', { leafMs: 200, alter: stumbling(run, 'bad', 300 + 50 * seed) });
      if (seed % 3 === 1) {
        await run.network.runUntil(() => countOf(run, 'duplicated') > 0 || run.steps.length === 8);
        await run.events(seed % 5);
        run.network.crash(['a', 'b', 'bad'][seed % 2]!);
      }
      assert.deepEqual((await run.finish()).parameters, expected, `seed ${seed}`);
      assert.deepEqual(run.offences, [], `seed ${seed}`);
      doubled += countOf(run, 'duplicated');
      answeredTwice += countOf(run, 'duplicate') + countOf(run, 'stale');
    }
    assert(doubled >= 20 && answeredTwice >= 5, `${doubled} doubled, ${answeredTwice} answered twice`);
  });

  test('is nobody else’s before the first task of a process is over: it compiles', async () => {
    const run = await startRun({ seed: 5, model, config, expectedWorkers: 2 });
    run.startWorker('good', { leafMs: 10 });
    const compiling: WorkerSetup['alter'] = (compute) => {
      let isFirst = true;
      return {
        ...compute,
        async gradient(...leaf) {
          const { clock } = run.network.host('cold');
          if (isFirst) await new Promise<void>((resolve) => void clock.after(9000, resolve));
          isFirst = false;
          return compute.gradient(...leaf);
        },
      };
    };
    run.startWorker('cold', { leafMs: 10, alter: compiling });
    assert.deepEqual((await run.finish()).parameters, expected);
    assert.equal(countOf(run, 'duplicated'), 0);
  });
});
