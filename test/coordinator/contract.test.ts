/**
 * The promise of the whole: however many workers and reducers there are, whatever the network does to their
 * messages and whoever is lost or joins, a run ends with the parameters of a plain loop, bit for bit.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chunkLength } from '../../shared/math/layout.ts';
import { startRun, configOf, type Run, type RunSetup } from '../support/cluster.ts';
import { classifierModel, linearModel, type FakeModel } from '../support/fake-models.ts';
import { runPlainly } from '../support/plain-run.ts';

/** Three chunks, the last one short. */
const large = linearModel(4, 2 * chunkLength + 1000);
const models = { linear: linearModel(4), classifier: classifierModel(4, 3) };
const plain = { float32: new Map<FakeModel, Plain>(), bfloat16: new Map<FakeModel, Plain>() };
type Plain = Promise<Float32Array>;

function expectedOf(model: FakeModel, config: RunSetup['config']): Plain {
  if (config?.batchSize !== undefined) return runPlainly(model, configOf(config));
  const wire = config?.wire ?? 'float32';
  const known = plain[wire].get(model) ?? runPlainly(model, configOf({ wire }));
  plain[wire].set(model, known);
  return known;
}

interface Trial extends RunSetup {
  readonly workers: number;
  readonly streamed?: (rank: number) => boolean; // whether it does not see the data; by default every other one
  /** What befalls the run; a fault that comes too late befalls nobody. */
  readonly trouble?: (run: Run) => Promise<void>;
}

/** Runs to the end, and holds the parameters against those of the plain loop. */
async function trial({
  workers,
  trouble,
  streamed = (rank) => (rank + setup.seed) % 2 === 1,
  ...setup
}: Trial): Promise<Run> {
  const run = await startRun({ expectedWorkers: workers, ...setup });
  for (let rank = 0; rank < workers; rank++)
    run.startWorker(`w${rank}`, { leafMs: 2 + rank, streamed: streamed(rank) });
  await trouble?.(run);
  const { parameters, stopped } = await run.finish();
  assert.equal(stopped, 'finished');
  assert.deepEqual(parameters, await expectedOf(setup.model, setup.config), `seed ${setup.seed}`);
  assert.deepEqual(run.offences, [], `seed ${setup.seed}`);
  return run;
}

const seeds = (count: number): number[] => Array.from({ length: count }, (_, seed) => seed);
const noticed = (run: Run, kind: string): number =>
  run.notices.filter((notice) => notice.kind === kind).length;

describe('the parameters are those of a plain loop, whoever computes and however messages overtake each other', () => {
  for (const [name, model] of Object.entries(models))
    for (const workers of [1, 2, 3])
      test(`${name}, ${workers} workers`, async () => {
        for (const seed of seeds(4)) {
          const run = await trial({ seed, model, workers });
          assert.equal(noticed(run, 'joined'), workers);
          assert.equal(noticed(run, 'lost') + noticed(run, 'stale') + noticed(run, 'duplicate'), 0);
        }
      });

  for (const reducers of [1, 2, 5])
    test(`several chunks, ${reducers} reducers, 3 workers, little memory`, async () => {
      await trial({ seed: 11, model: large, workers: 3, config: { reducers }, budget: 6 });
    });

  test('below the root in bfloat16, which is another run, for any workers, reducers and losses', async () => {
    const wire = 'bfloat16' as const;
    for (const model of Object.values(models)) {
      assert.notDeepEqual(await expectedOf(model, { wire }), await expectedOf(model, {}));
      for (const seed of seeds(12))
        await trial({
          seed,
          model,
          workers: 1 + (seed % 4),
          config: { wire },
          async trouble({ events, network, startWorker }) {
            if (seed < 4) return;
            await events(moment(seed));
            network.crash('w0');
            startWorker('late');
          },
        });
    }
    for (const [workers, reducers] of [
      [2, 1],
      [3, 2],
    ] as const)
      await trial({
        seed: workers,
        model: large,
        workers,
        config: { wire, reducers },
        budget: 6,
        async trouble({ events, network, startWorker }) {
          if (workers < 3) return;
          await events(60);
          network.crash('w1');
          startWorker('late');
        },
      });
    for (const batchSize of [3, 9])
      // one leaf, which is the root; and an odd one
      await trial({ seed: 1, model: models.linear, workers: 2, config: { wire, batchSize, steps: 2 } });
  });

  test('a batch of fewer micro-batches than workers leaves some idle, and is the same', async () => {
    const config = { batchSize: 24, microBatchSize: 12, steps: 2 };
    const run = await trial({ seed: 1, model: models.linear, workers: 3, config });
    assert.equal(run.steps[0]!.workers, 2);
  });
});

/** An event at which something happens, different for every seed; two workers' last step ends with event 74. */
const moment = (seed: number): number => 5 + ((seed * 37) % 70);

describe('the parameters are those of an undisturbed run', () => {
  test('when a worker is killed, whenever that is', async () => {
    for (const seed of seeds(60)) {
      const run = await trial({
        seed,
        model: models.classifier,
        workers: 3,
        async trouble({ events, network }) {
          await events(moment(seed));
          network.crash(`w${seed % 3}`);
        },
      });
      assert.equal(noticed(run, 'lost'), 1, `seed ${seed}`);
    }
  });

  test('when all workers are killed one after another, and others come', async () => {
    for (const seed of seeds(15))
      await trial({
        seed,
        model: models.linear,
        workers: 2,
        async trouble({ events, network, startWorker }) {
          await events(moment(seed));
          network.crash('w0');
          await events(seed);
          network.crash('w1');
          await events(5);
          startWorker('w2');
          await events(moment(seed + 1));
          network.crash('w2');
          startWorker('w3');
        },
      });
  });

  test('when a worker is killed in the middle of its chunks', async () => {
    for (const seed of seeds(4))
      await trial({
        seed,
        model: large,
        workers: 2,
        config: { reducers: 1 + (seed % 2) },
        budget: 4,
        async trouble({ events, network }) {
          await events(45 + 17 * seed);
          network.crash('w0');
        },
      });
  });

  test('when workers join late', async () => {
    for (const seed of seeds(15)) {
      const run = await trial({
        seed,
        model: models.classifier,
        workers: 1,
        async trouble({ events, startWorker }) {
          await events(moment(seed));
          startWorker('late');
          await events(seed);
          startWorker('later');
        },
      });
      if (moment(seed) < 15) assert.equal(run.steps.at(-1)!.workers, 3);
    }
  });

  test('when a worker is cut off, for a moment or for long, and the cut heals', async () => {
    for (const seed of seeds(20))
      await trial({
        seed,
        model: models.linear,
        workers: 2,
        async trouble({ events, network }) {
          await events(moment(seed));
          network.cut('w1');
          network.runFor(seed % 2 === 0 ? 500 : 6000);
          await events(seed);
          network.heal('w1');
        },
      });
  });

  test('when a worker stops for longer than a step takes, and goes on', async () => {
    for (const seed of seeds(20))
      await trial({
        seed,
        model: models.classifier,
        workers: 2,
        deadlines: { floorMs: 4000, factor: 5, firstMs: 4000 },
        async trouble({ events, network, startWorker }) {
          await events(moment(seed));
          network.pause('w0');
          network.runFor(seed % 2 === 0 ? 1000 : 8000);
          await events(10);
          network.resume('w0');
          startWorker('w2');
        },
      });
  });

  test('when a lonely survivor inherits more than it has room for', async () => {
    for (const seed of seeds(6))
      await trial({
        seed,
        model: models.linear,
        workers: 12,
        config: { batchSize: 24, microBatchSize: 2 },
        async trouble({ events, network }) {
          await events(75 + 10 * seed);
          for (let rank = 1; rank < 12; rank++) network.crash(`w${rank}`);
        },
      });
  });
});
