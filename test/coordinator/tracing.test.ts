/** A trace of a run over the network in memory: clocks that differ, delays by a seed, workers that die. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linearModel } from '../support/fake-models.ts';
import { startRun, type RunSetup, type WorkerSetup } from '../support/cluster.ts';
import { crossings, isWithin, lengthUs, named, readTrace, type ReadSpan } from '../support/trace.ts';

const stepCount = 3;

async function traceOf(seed: number, workers: readonly WorkerSetup[], setup: Partial<RunSetup> = {}) {
  let text = '';
  const file = { write: (more: string) => void (text += more), flush: () => {}, close: () => {} };
  const model = linearModel(1);
  const run = await startRun({ seed, model, expectedWorkers: workers.length, trace: file, ...setup });
  workers.forEach((worker, index) => run.startWorker(`w${index}`, worker));
  return { run, read: () => readTrace(text) };
}

/** The phases of a step: those that come after it. */
function phasesOf(spans: readonly ReadSpan[], step: ReadSpan): ReadSpan[] {
  const told = spans.filter(({ process, track }) => process === step.process && track === step.track);
  return told.slice(told.indexOf(step) + 1, told.indexOf(step) + 5);
}

test('whatever the clocks of workers show, what they compute lies in the phase in which it was awaited', async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const aheads = [0, -123_456, 7_654_321];
    const { run, read } = await traceOf(
      seed,
      aheads.map((aheadMs) => ({ aheadMs, leafMs: 5 + seed })),
    );
    await run.finish();
    assert.deepEqual(run.offences, []);
    const trace = read();
    assert.deepEqual(crossings(trace), []);
    assert.deepEqual(trace.processes.map((name) => name.replace(/ on w\d$/, '')).toSorted(), [
      'coordinator',
      'rank 0',
      'rank 1',
      'rank 2',
    ]);
    const computing = named(trace, /^compute$/);
    const gradients = named(trace, /^gradient$/).filter(({ track }) => track === 'nodes');
    assert.equal(computing.length, stepCount);
    assert.ok(gradients.length >= stepCount * aheads.length);
    assert.ok(trace.errorUs < 5000, `${trace.errorUs} us: no delay is over 5 ms`);
    for (const gradient of gradients)
      assert.ok(
        computing.some((phase) => isWithin(gradient, phase, trace.errorUs + 1)),
        `seed ${seed}: a gradient of ${gradient.process} in no phase`,
      );
  }
});

test('the phases of a step add up to it', async () => {
  const { run, read } = await traceOf(9, [{}, {}]);
  await run.finish();
  const { spans } = read();
  const steps = spans.filter(({ name }) => name.startsWith('step '));
  assert.deepEqual(
    steps.map(({ name }) => name),
    ['step 0', 'step 1', 'step 2'],
  );
  for (const step of steps) {
    const phases = phasesOf(spans, step);
    assert.deepEqual(
      phases.map(({ name }) => name),
      ['deal', 'compute', 'reduce', 'commit'],
    );
    assert.ok(phases.every((phase) => isWithin(phase, step)));
    const sumUs = phases.reduce((sum, phase) => sum + lengthUs(phase), 0);
    assert.ok(Math.abs(sumUs - lengthUs(step)) <= 4, `${sumUs} of ${lengthUs(step)} us`);
  }
});

test('traffic is seen from both ends: parameters come to every rank, and gradients go', async () => {
  const { run, read } = await traceOf(3, [{}, { aheadMs: 50 }]);
  await run.finish();
  const trace = read();
  assert.deepEqual(trace.counters.toSorted(), ['chunks under way', 'megabytes']);
  for (const rank of [0, 1]) {
    const tracks = trace.spans.map(({ process, track }) => `${process.split(' on ')[0]}: ${track}`);
    for (const track of [
      `coordinator: to rank ${rank}: parameters`,
      `coordinator: from rank ${rank}`,
      `rank ${rank}: receiving parameters`,
      `rank ${rank}: sending`,
    ])
      assert.ok(tracks.includes(track), `${track} is missing in ${[...new Set(tracks)].join(', ')}`);
  }
});

test('a worker that dies leaves a trace that can be read, and changes nothing about the run', async () => {
  const untraced = await startRun({ seed: 4, model: linearModel(1), expectedWorkers: 2 });
  ['w0', 'w1'].forEach((name) => untraced.startWorker(name));
  const expected = await untraced.finish();
  const { run, read } = await traceOf(4, [{}, { aheadMs: 1e6 }]);
  await run.events(160);
  run.network.crash('w1');
  const { parameters } = await run.finish();
  assert.deepEqual(parameters, expected.parameters);
  assert.deepEqual(crossings(read()), []);
});

test('nobody measures itself unasked', async () => {
  const run = await startRun({ seed: 1, model: linearModel(1) });
  const asked: boolean[] = [];
  run.startWorker('w0', {
    transport: (transport) => ({
      ...transport,
      connect: (endpoint, options, events) =>
        transport.connect(endpoint, options, {
          ...events,
          onFrames(frames) {
            const text = Buffer.concat([...frames]).toString('latin1');
            if (text.includes('welcome')) asked.push(text.includes('receivedMs'));
            events.onFrames(frames);
          },
        }),
    }),
  });
  await run.finish();
  assert.deepEqual(asked, [false]);
});
