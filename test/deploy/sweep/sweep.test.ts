import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeSweep } from '../../../deploy/sweep/merge.ts';
import { createSweepScreen } from '../../../deploy/sweep/screen.ts';
import { runSweep, type SweepEnd, type SweepOptions } from '../../../deploy/sweep/sweep.ts';
import { readSweepFile } from '../../../deploy/sweep/sweep-file.ts';
import type { MeasureTrial } from '../../../deploy/sweep/sharpness.ts';
import type { StartTrial, TrialEnd } from '../../../deploy/sweep/trial.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';
import { madeUpPlan } from '../../support/made-up-sweep.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const good = (name: string): TrialEnd => ({
  code: 0,
  problem: null,
  summary: {
    runDir: name,
    steps: 30,
    epochs: 2,
    heldOutLoss: 3,
    samplesPerSecond: 100,
    workers: 2,
    parametersSha256: name,
    seconds: 1,
  },
});
const bad = (code: number, problem: string): TrialEnd => ({ code, summary: null, problem });

/** Sweeps of four trials in one folder, begun as often as one likes; each trial ends as `end` says. */
function createSweeps() {
  const dir = temporaryFolder();
  const trials = [100, 200, 300, 400].map((batchSize) => madeUpPlan({ batchSize }));
  const plan = { trials, unit: 50, control: null, referenceBatchSize: 100 };
  let sweep = mergeSweep(null, plan, { command: '', startedAt: '', budget: '', sharpness: true }, dir);
  const screen = createSweepScreen({
    write: () => undefined,
    isTerminal: false,
    quiet: false,
    columns: () => 80,
    rows: () => 24,
  });
  return async (end: (name: string) => TrialEnd, options: Partial<SweepOptions> = {}) => {
    const begun: string[] = [];
    const start: StartTrial = ({ name }) => {
      begun.push(name);
      return { ended: Promise.resolve(end(name)), pageUrl: () => null, stop: () => undefined };
    };
    const result: SweepEnd = await runSweep({
      dir,
      sweep,
      budget: null,
      retryFailed: false,
      start,
      measure: null,
      clock: systemClock,
      screen,
      assertOwned: () => undefined,
      report: () => Promise.resolve(),
      onStoppable: () => undefined,
      ...options,
    });
    sweep = readSweepFile(dir);
    const states = sweep.trials.map(({ state }) => state);
    return { ...result, begun, states };
  };
}

test('trials run in order, and what they came to stands in the file', async () => {
  const run = createSweeps();
  const { begun, states, code, sweep } = await run(good);
  assert.deepEqual(begun, ['batch-100-seed-1', 'batch-200-seed-1', 'batch-300-seed-1', 'batch-400-seed-1']);
  assert.deepEqual(new Set(states), new Set(['finished']));
  assert.equal(code, 0);
  assert.equal(sweep.trials[2]?.parametersSha256, 'batch-300-seed-1');
});

test('a finished trial is never repeated, and an interrupted one comes first', async () => {
  const run = createSweeps();
  const first = await run((name) => (name.includes('300') ? bad(143, 'stopped') : good(name)));
  assert.equal(first.code, 143);
  assert.deepEqual(first.states, ['finished', 'finished', 'interrupted', 'waiting']);
  assert.deepEqual((await run(good)).begun, ['batch-300-seed-1', 'batch-400-seed-1']);
  assert.deepEqual((await run(good)).begun, []);
});

test('a trial that failed is a result: the others go on, and it is repeated when asked for', async () => {
  const run = createSweeps();
  const { states, code, sweep } = await run((name) => (name.includes('200') ? bad(1, 'NaN') : good(name)));
  assert.deepEqual(states, ['finished', 'failed', 'finished', 'finished']);
  assert.equal(code, 1);
  assert.equal(sweep.trials[1]?.problem, 'NaN');
  assert.deepEqual((await run(good)).begun, []);
  assert.deepEqual((await run(good, { retryFailed: true })).begun, ['batch-200-seed-1']);
});

test('missing data ends the sweep with its exit code and words', async () => {
  const run = createSweeps();
  const { code, problem, begun } = await run(() => bad(65, 'no such file'));
  assert.deepEqual([code, problem, begun.length], [65, 'no such file', 1]);
});

test('a sweep that was asked to end begins no other trial', async () => {
  const run = createSweeps();
  let stop: (signal: NodeJS.Signals) => void = () => undefined;
  const { code, states } = await run(
    (name) => {
      stop('SIGINT');
      return good(name); // it was about to end anyway
    },
    { onStoppable: (given) => (stop = given) },
  );
  assert.equal(code, 130);
  assert.deepEqual(states, ['finished', 'waiting', 'waiting', 'waiting']);
});

test('sharpness is measured once of every finished trial, also of those of an earlier sitting', async () => {
  const run = createSweeps();
  const known = new Set<string>();
  const measure: MeasureTrial = ({ name }) => {
    if (known.has(name)) return null;
    return { ended: Promise.resolve(`${name}: ${known.add(name).size}`), stop: () => undefined };
  };
  await run((name) => (name.includes('300') ? bad(143, 'stopped') : good(name)));
  assert.deepEqual([...known], []); // nobody asked
  const { states, begun } = await run((name) => (name.includes('400') ? bad(1, 'NaN') : good(name)), {
    measure,
  });
  assert.deepEqual(states, ['finished', 'finished', 'finished', 'failed']);
  assert.deepEqual(begun, ['batch-300-seed-1', 'batch-400-seed-1']);
  assert.deepEqual([...known], ['batch-100-seed-1', 'batch-200-seed-1', 'batch-300-seed-1']);
});

test('a sweep that is asked to end while it measures begins no other trial', async () => {
  const run = createSweeps();
  let stop: (signal: NodeJS.Signals) => void = () => undefined;
  let stopped: NodeJS.Signals | null = null;
  const measure: MeasureTrial = () => {
    let end: (line: string) => void = () => undefined;
    const ended = new Promise<string>((resolve) => (end = resolve));
    setImmediate(() => stop('SIGTERM'));
    return { ended, stop: (signal) => end((stopped = signal)) };
  };
  const { code, states } = await run(good, { measure, onStoppable: (given) => (stop = given) });
  assert.equal(stopped, 'SIGTERM');
  assert.equal(code, 143);
  assert.deepEqual(states, ['finished', 'waiting', 'waiting', 'waiting']);
});

test('who lost the folder writes nothing', async () => {
  const run = createSweeps();
  const lost = (): void => {
    throw new Error('taken over');
  };
  await assert.rejects(run(good, { assertOwned: lost }), /taken over/);
});

test('with two lanes two trials run at a time, each is run once, and one that is interrupted stops the other', async () => {
  const run = createSweeps();
  const lanes: number[] = [];
  let stopped = 0;
  const start: StartTrial = ({ name }, lane) => {
    lanes.push(lane);
    let end: (ended: TrialEnd) => void = () => undefined;
    const ended = new Promise<TrialEnd>((resolve) => (end = resolve));
    if (name.includes('200')) setImmediate(() => end(bad(75, 'lost')));
    return {
      ended,
      pageUrl: () => null,
      stop() {
        stopped += 1;
        end(bad(143, 'stopped'));
      },
    };
  };
  const { code, problem, states } = await run(good, { lanes: 2, start });
  assert.deepEqual([code, problem, stopped], [75, 'lost', 1]);
  assert.deepEqual(lanes, [0, 1]);
  assert.deepEqual(states, ['interrupted', 'interrupted', 'waiting', 'waiting']);
  const all = await run(good, { lanes: 3 });
  assert.deepEqual(
    all.begun.toSorted(),
    [100, 200, 300, 400].map((size) => `batch-${size}-seed-1`),
  );
  assert.deepEqual(new Set(all.states), new Set(['finished']));
});
