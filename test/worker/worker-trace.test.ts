import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { unpackSpans, type Span } from '../../shared/protocol/trace-messages.ts';
import { createWorkerTrace, mainTrack, type WorkerTrace } from '../../worker/worker-trace.ts';
import { crossings } from '../support/trace.ts';

const take = (trace: WorkerTrace): Span[] => trace.take().flatMap(unpackSpans);

/** An exchange that took `waysMs` and says that the coordinator's clock is ahead by so much. */
const exchange = (aheadMs: number, waysMs: number) => ({
  askedMs: 0,
  receivedMs: aheadMs + waysMs / 2,
  answeredMs: aheadMs + waysMs / 2,
  arrivedMs: waysMs,
});

test('spans are taken once, in the time of the coordinator, outer ones first', () => {
  const trace = createWorkerTrace(() => 0);
  trace.observe(exchange(1000, 0));
  trace.span(mainTrack, 'inner', 2, 3);
  trace.span(mainTrack, 'outer', 2, 5, { rows: 7 });
  assert.deepEqual(take(trace), [
    { track: mainTrack, name: 'outer', beganUs: 1_002_000, endedUs: 1_005_000, args: { rows: 7 } },
    { track: mainTrack, name: 'inner', beganUs: 1_002_000, endedUs: 1_003_000, args: undefined },
  ]);
  assert.deepEqual(take(trace), []);
});

test('spans nest from take to take, however the clock of the coordinator turns out to be', () => {
  const nested = fc.record({ aheadMs: fc.double({ min: -50, max: 50, noNaN: true }), leaves: fc.nat(4) });
  fc.assert(
    fc.property(fc.array(nested, { minLength: 2, maxLength: 6 }), (rounds) => {
      let nowMs = 0;
      const trace = createWorkerTrace(() => nowMs);
      const spans: Span[] = [];
      rounds.forEach(({ aheadMs, leaves }, round) => {
        trace.observe(exchange(aheadMs, rounds.length - round)); // each better than the one before
        for (let leaf = 0; leaf < leaves; leaf++) {
          trace.span(mainTrack, 'inner', nowMs + 0.25, nowMs + 1);
          trace.span(mainTrack, 'outer', nowMs, (nowMs += 3));
        }
        spans.push(...take(trace));
      });
      const read = spans.map((span) => ({ ...span, process: 'rank 0', args: {} }));
      assert.deepEqual(crossings({ processes: [], counters: [], errorUs: 0, spans: read }), []);
    }),
  );
});

test('values under way are one span, from the first frame to the last', () => {
  let nowMs = 0;
  const trace = createWorkerTrace(() => nowMs);
  const values = new Float32Array(250_000);
  const receive = (version: number, chunk: number): void => {
    nowMs += 2;
    trace.received({ type: 'array', array: 'parameters', version, chunk, values }, nowMs - 1);
  };
  receive(1, 0); // of a version that is replaced before it is whole
  receive(2, 0);
  receive(2, 1);
  nowMs = 9;
  trace.installed('parameters', 8);
  const transfers = take(trace).filter(({ track }) => track === 'receiving parameters');
  assert.deepEqual(
    transfers.map(({ beganUs, endedUs, args }) => ({ beganUs, endedUs, args })),
    [{ beganUs: 3000, endedUs: 6000, args: { chunks: 2, megabytes: 2 } }],
  );
});

test('memory is bounded: what nobody takes is dropped, and counted', () => {
  const trace = createWorkerTrace(() => 0);
  for (let index = 0; index < 40_000; index++) trace.span(mainTrack, 'x', index, index);
  const messages = trace.take();
  assert.equal(messages.flatMap(unpackSpans).length, 2 ** 15);
  assert.equal(messages[0]?.droppedCount, 40_000 - 2 ** 15);
  trace.span(mainTrack, 'x', 1, 2);
  assert.equal(trace.take()[0]?.droppedCount, 0);
});
