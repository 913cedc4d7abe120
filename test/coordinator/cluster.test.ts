import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LockstepError } from '../../shared/errors.ts';
import type { Compute } from '../../shared/model/compute.ts';
import { isControl } from '../../shared/protocol/control.ts';
import { decodeFrame, encodeFrame } from '../../shared/protocol/frame.ts';
import type { Frames, Transport } from '../../shared/transport/transport.ts';
import { configOf, image, startRun, type Run, type WorkerSetup } from '../support/cluster.ts';
import { linearModel, memoryDataset } from '../support/fake-models.ts';
import { runPlainly } from '../support/plain-run.ts';

const model = linearModel(4);
const expected = await runPlainly(model, configOf());

const countOf = (run: Run, kind: string): number =>
  run.notices.filter((notice) => notice.kind === kind).length;

/** A device whose gradient of one micro-batch of step 1 is not a number, so many times. */
const broken =
  (times: number): NonNullable<WorkerSetup['alter']> =>
  (compute: Compute) => ({
    ...compute,
    async gradient(batch, draw, settings, gradient) {
      const terms = await compute.gradient(batch, draw, settings, gradient);
      if (draw.step === 1 && draw.microBatch === 5 && times-- > 0) gradient[2] = NaN;
      return terms;
    },
  });

describe('a gradient that is not finite', () => {
  test('is computed once more, by another worker, whose answer counts', async () => {
    const run = await startRun({ seed: 1, model, expectedWorkers: 2 });
    run.startWorker('good');
    run.startWorker('bad', { alter: broken(Infinity) });
    assert.deepEqual((await run.finish()).parameters, expected);
    const found = run.notices.find(({ kind }) => kind === 'nonFinite');
    assert.deepEqual(found, { kind: 'nonFinite', rank: rankOf(run, 'bad'), leaves: [5], again: false });
    assert.equal(countOf(run, 'nonFinite'), 1);
  });

  test('is computed once more by the same worker where there is no other', async () => {
    const run = await startRun({ seed: 2, model });
    run.startWorker('only', { alter: broken(1) });
    assert.deepEqual((await run.finish()).parameters, expected);
  });

  test('is computed once more after a wait where too few workers are left', async () => {
    const run = await startRun({ seed: 3, model, expectedWorkers: 2, minWorkers: 2 });
    run.startWorker('other', {
      alter: (compute) => ({
        ...compute,
        async gradient(batch, draw, settings, gradient) {
          if (draw.step === 1) run.network.crash('other');
          return compute.gradient(batch, draw, settings, gradient);
        },
      }),
    });
    run.startWorker('bad', { alter: broken(1) });
    await run.events(150);
    assert.equal(run.steps.length, 1);
    assert.equal(countOf(run, 'nonFinite'), 1);
    run.startWorker('third');
    assert.deepEqual((await run.finish()).parameters, expected);
  });

  test('ends the run when it comes twice, with what a person can do about it', async () => {
    const run = await startRun({ seed: 4, model, expectedWorkers: 2 });
    run.startWorker('a', { alter: broken(1) });
    run.startWorker('b', { alter: broken(1) });
    await assert.rejects(run.finish(), (error) => {
      assert(error instanceof LockstepError);
      assert.equal(error.exitCode, 1);
      assert.match(error.message, /^step 1: .*micro-batch 5 .*--learning-rate.*--on-nonfinite skip$/);
      return true;
    });
  });

  test('is skipped when that is asked for: parameters and moments stay as they are', async () => {
    const config = { onNonfinite: 'skip' } as const;
    const run = await startRun({ seed: 5, model, expectedWorkers: 2, config });
    run.startWorker('a', { alter: broken(2) });
    run.startWorker('b', { alter: broken(2) });
    assert.deepEqual((await run.finish()).parameters, await runPlainly(model, configOf(), [1]));
    assert.deepEqual(
      run.steps.map(({ committed }) => committed),
      [true, false, true],
    );
  });
});

/** A transport whose links pass on what `send` makes of each message. */
const meddling =
  (send: (frames: Frames) => readonly Frames[]): NonNullable<WorkerSetup['transport']> =>
  (transport: Transport) => ({
    ...transport,
    connect(endpoint, options, events) {
      const link = transport.connect(endpoint, options, events);
      return { ...link, send: (frames) => send(frames).forEach(link.send) };
    },
  });

describe('messages', () => {
  test('that come twice, or again in a later step, are counted and never summed twice', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const run = await startRun({ seed, model, expectedWorkers: 2 });
      const sent: Frames[] = [];
      const replay = (frames: Frames): Frames[] => {
        if (isControl(frames)) return [frames];
        sent.push(frames.map((part) => part.slice()));
        return [frames, ...sent.slice(-4)];
      };
      run.startWorker('a', { transport: meddling(replay) });
      run.startWorker('b');
      assert.deepEqual((await run.finish()).parameters, expected);
      assert(countOf(run, 'duplicate') > 0 && countOf(run, 'stale') > 0);
      assert.deepEqual(run.offences, []);
    }
  });

  test('of values that are not finite though their worker said so of none are computed once more', async () => {
    let spoilt = 0;
    const spoil = (frames: Frames): Frames[] => {
      if (isControl(frames) || spoilt++ !== 2) return [frames];
      const frame = decodeFrame(frames, { epoch: 1, values: (header) => header });
      return [encodeFrame({ ...frame, values: Float32Array.from(frame.values).fill(NaN) }, 1)];
    };
    const run = await startRun({ seed: 3, model, expectedWorkers: 2 });
    run.startWorker('a', { transport: meddling(spoil) });
    run.startWorker('b');
    assert.deepEqual((await run.finish()).parameters, expected);
    assert(spoilt > 2);
  });

  test('that were damaged end the connection of their sender, who comes back', async () => {
    for (const [part, at, kind] of [
      [0, 20, 'headerCrc'],
      [1, 7, 'payloadChecksum'],
    ] as const) {
      let damaged = 0;
      const damage = (frames: Frames): Frames[] => {
        if (isControl(frames) || damaged++ !== 3) return [frames];
        const copy = frames.map((one) => one.slice());
        copy[part]![at]! ^= 1;
        return [copy];
      };
      const run = await startRun({ seed: 9, model, expectedWorkers: 2 });
      run.startWorker('a', { transport: meddling(damage) });
      run.startWorker('b', { leafMs: 50 });
      assert.deepEqual((await run.finish()).parameters, expected);
      assert.equal(run.offences.length, 1);
      assert(run.offences[0]!.includes(kind));
      assert.equal(countOf(run, 'joined'), 3);
    }
  });
});

test('the first task waits for the workers that are expected, but not for long', async () => {
  const all = await startRun({ seed: 8, model, expectedWorkers: 2 });
  all.startWorker('a');
  all.network.runFor(4000);
  all.startWorker('b');
  await all.finish();
  assert.equal(all.steps[0]!.workers, 2);
  const few = await startRun({ seed: 8, model, expectedWorkers: 2 });
  few.startWorker('a');
  assert.deepEqual((await few.finish()).parameters, expected);
  assert(few.network.nowMs > 10_000);
});

test('a worker that never answers is evicted after its time, and the others do its work', async () => {
  const run = await startRun({
    seed: 6,
    model,
    expectedWorkers: 2,
    deadlines: { floorMs: 2000, factor: 5, firstMs: 3000 },
  });
  run.startWorker('good');
  run.startWorker('stuck', { alter: (compute) => ({ ...compute, gradient: () => new Promise(() => {}) }) });
  assert.deepEqual((await run.finish()).parameters, expected);
  const lost = run.notices.find(({ kind }) => kind === 'lost');
  assert(lost?.kind === 'lost' && /did not finish gradient within 3 s/.test(lost.reason));
});

test('who does not fit is refused at the door with the reason, and leaves with exit code 78', async () => {
  const run = await startRun({ seed: 7, model });
  run.startWorker('good');
  await run.events(12);
  run.startWorker('old', { version: '0.0.1' });
  run.startWorker('astray', { dataset: memoryDataset(image, 120, 6, 3) });
  assert.deepEqual((await run.finish()).parameters, expected);
  await run.network.runUntil(() => run.exits.size === 3);
  assert.equal(run.exits.get('good')!.code, 0);
  assert.deepEqual([run.exits.get('old')!.code, run.exits.get('astray')!.code], [78, 78]);
  assert.match(run.exits.get('old')!.reason, /runs lockstep 0\.0\.1.*install the same version/);
  assert.match(run.exits.get('astray')!.reason, /sees other data/);
});

describe('the coordinator', () => {
  test('may be killed at any moment: the next one resumes, the workers find it, and the end is the same', async () => {
    for (let seed = 0; seed < 25; seed++) {
      const first = await startRun({ seed, model, expectedWorkers: 2 });
      first.startWorker('a');
      first.startWorker('b');
      await first.events(4 + 3 * seed);
      first.network.crash('coordinator');
      const { network, snapshots } = first;
      const resume = snapshots.at(-1);
      const second = await startRun({ seed, network, model, epoch: 2, ...(resume && { resume }) });
      assert.deepEqual((await second.finish()).parameters, expected, `seed ${seed}`);
      assert.deepEqual(second.offences, []);
      await network.runUntil(() => first.exits.size === 2);
      assert.deepEqual(
        [...first.exits.values()].map(({ code }) => code),
        [0, 0],
      );
    }
  });

  test('ends when it is asked to, after the step that is open, and goes on from there another time', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const first = await startRun({ seed, model });
      first.startWorker('a');
      await first.events(10 + 4 * seed);
      first.shell.stop();
      const result = await first.finish();
      assert.equal(result.steps, first.steps.length);
      if (result.stopped === 'finished') continue;
      const second = await startRun({ seed, model, resume: first.snapshots.at(-1)!, epoch: 2 });
      second.startWorker('b');
      assert.deepEqual((await second.finish()).parameters, expected);
    }
  });
});

function rankOf(run: Run, host: string): number {
  const joined = run.notices.find((notice) => notice.kind === 'joined' && notice.reason.startsWith(host));
  assert(joined?.kind === 'joined' && joined.rank !== null);
  return joined.rank;
}
