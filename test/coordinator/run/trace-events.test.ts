import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coordinatorProcess, createTraceEvents } from '../../../coordinator/run/trace-events.ts';
import { crossings, readTrace } from '../../support/trace.ts';

/** The text after each event. */
function write(): string[] {
  const texts: string[] = [];
  let text = '';
  const events = createTraceEvents((more) => texts.push((text += more)));
  events.process(coordinatorProcess, 'coordinator');
  events.process(0, 'rank 0 on "box"\n');
  events.span(0, { track: 'main', name: 'gradient', beganUs: 10, endedUs: 40, args: { microBatch: 2 } });
  events.span(0, { track: 'main', name: 'MatMul', beganUs: 10, endedUs: 25 });
  events.span(0, { track: 'sending', name: 'sum', beganUs: 20, endedUs: 50 });
  events.instant(coordinatorProcess, 'main', 'joined', 5, { rank: 0 });
  events.counter(coordinatorProcess, 'chunks under way', 6, { up: 1, down: 2 });
  events.end();
  return texts;
}

test('the file is an array of events, and one whatever the event after which the writer was killed', () => {
  const texts = write();
  assert.ok(Array.isArray(JSON.parse(texts.at(-1)!)));
  for (const text of texts) assert.doesNotThrow(() => readTrace(text));
  let nothing = '';
  createTraceEvents((text) => (nothing += text)).end();
  assert.deepEqual(JSON.parse(nothing), []);
});

test('ranks are processes and tracks are threads, each with its name', () => {
  const trace = readTrace(write().at(-1)!);
  assert.deepEqual(trace.processes, ['coordinator', 'rank 0 on "box"\n']);
  assert.deepEqual(trace.counters, ['chunks under way']);
  assert.deepEqual(
    trace.spans.map(({ process, track, name, beganUs, endedUs }) => [process, track, name, beganUs, endedUs]),
    [
      ['rank 0 on "box"\n', 'main', 'gradient', 10, 40],
      ['rank 0 on "box"\n', 'main', 'MatMul', 10, 25],
      ['rank 0 on "box"\n', 'sending', 'sum', 20, 50],
    ],
  );
  assert.deepEqual(crossings(trace), []);
});
