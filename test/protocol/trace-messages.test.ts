import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodePeerMessage, encodeControl, maxControlBytes } from '../../shared/protocol/control.ts';
import {
  maxSpans,
  packSpans,
  unpackSpans,
  type Span,
  type SpansMessage,
} from '../../shared/protocol/trace-messages.ts';
import { kindOf } from '../support/control-messages.ts';

const about = { droppedCount: 3, clockErrorMs: 0.25 };
const text = fc.string({ maxLength: 64 });
const anySpan: fc.Arbitrary<Span> = fc
  .record({
    track: fc.constantFrom('main', 'nodes', 'sending'),
    name: text,
    beganUs: fc.integer({ min: -1e6, max: 2 ** 31 }),
    length: fc.integer({ min: 0, max: 2 ** 31 }),
    args: fc.option(fc.dictionary(fc.stringMatching(/^[a-z]{1,64}$/), fc.oneof(text, fc.integer())), {
      nil: undefined,
    }),
  })
  .map(({ length, ...span }) => ({ ...span, endedUs: span.beganUs + length }));

/** As they arrive at the coordinator. */
function roundTrip(spans: readonly Span[]): Span[] {
  return packSpans(spans, about).flatMap((sent) => {
    const { message } = decodePeerMessage(encodeControl(1, sent));
    assert(message.type === 'spans');
    assert.deepEqual([message.droppedCount, message.clockErrorMs], [3, 0.25]);
    return unpackSpans(message);
  });
}

test('spans arrive as they were, in their order, however many names they have', () => {
  fc.assert(
    fc.property(fc.array(anySpan, { maxLength: 600, size: 'max' }), (spans) => {
      assert.deepEqual(
        roundTrip(spans).map((span) => ({ ...span })),
        spans.map((span) => ({ ...span, args: span.args && { ...span.args } })),
      );
    }),
    { numRuns: 30 },
  );
});

test('a message is never larger than one may be', () => {
  const long = (index: number, unit: string): string => `${index} ${unit.repeat(100)}`;
  const spans = Array.from({ length: 3 * maxSpans }, (_, index): Span => {
    const args = { [long(index, 'k')]: long(index, 'é'), plain: index / 3 };
    return { track: 'main', name: long(index, '字'), beganUs: index, endedUs: 2 ** 32 + index, args };
  });
  const few = spans.map((span) => ({ ...span, name: 'MatMul', args: { gflop: 0.123456789 } }));
  assert.equal(packSpans(few, about).length, 3);
  for (const message of [...packSpans(spans, about), ...packSpans(few, about)])
    assert.ok(encodeControl(1, message)[0]!.byteLength < maxControlBytes);
  const arrived = roundTrip(spans);
  assert.equal(arrived.length, spans.length);
  assert.ok(arrived.every(({ name }) => name.length === 64));
});

test('arguments that are no numbers arrive as text: nobody is dropped for a division by zero', () => {
  const args = { rate: NaN, ratio: Infinity };
  const [span] = roundTrip([{ track: 'main', name: 'x', beganUs: 0, endedUs: 1, args }]);
  assert.deepEqual(span?.args, { rate: 'NaN', ratio: 'Infinity' });
});

test('a row whose name is not in its message is refused', () => {
  const message: SpansMessage = {
    type: 'spans',
    originUs: 0,
    tracks: ['main'],
    names: ['a'],
    arguments: [],
    spans: [[0, 0, 0, 1, -1]],
    ...about,
  };
  const kind = (row: SpansMessage['spans'][number]): string =>
    kindOf(() => unpackSpans({ ...message, spans: [row] }));
  assert.equal(kind([0, 0, 0, 1, -1]), 'accepted');
  assert.equal(kind([1, 0, 0, 1, -1]), 'schema');
  assert.equal(kind([0, 1, 0, 1, -1]), 'schema');
  assert.equal(kind([0, 0, 0, 1, 0]), 'schema');
});
