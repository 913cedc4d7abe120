import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createClockOffset } from '../../shared/runtime/clock-offset.ts';

const wayMs = fc.double({ min: 0, max: 100, noNaN: true });
const trip = fc.record({ thereMs: wayMs, answerMs: wayMs, backMs: wayMs });

/** Exchanges one after another, with a clock that is so far ahead of ours. */
function exchange(aheadMs: number, trips: readonly { thereMs: number; answerMs: number; backMs: number }[]) {
  const offset = createClockOffset();
  let askedMs = 1000;
  for (const { thereMs, answerMs, backMs } of trips) {
    const receivedMs = askedMs + thereMs + aheadMs;
    const answeredMs = receivedMs + answerMs;
    const arrivedMs = answeredMs - aheadMs + backMs;
    offset.observe({ askedMs, receivedMs, answeredMs, arrivedMs });
    askedMs = arrivedMs + 1;
  }
  return offset;
}

test('the estimate is never more wrong than it says, whatever the two ways took', () => {
  const ahead = fc.double({ min: -1e9, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(ahead, fc.array(trip, { minLength: 1, maxLength: 10 }), (aheadMs, trips) => {
      const offset = exchange(aheadMs, trips);
      const wrongMs = Math.abs(offset.toTheirs(0) - aheadMs);
      assert.ok(wrongMs <= offset.errorMs + 1e-5, `${wrongMs} ms wrong, at most ${offset.errorMs} expected`);
    }),
  );
});

test('equal ways give the offset itself, and a slow exchange after a quick one changes nothing', () => {
  const quick = { thereMs: 2, answerMs: 5, backMs: 2 };
  const slow = { thereMs: 80, answerMs: 5, backMs: 2 };
  for (const trips of [[quick], [slow, quick], [quick, slow], [slow, quick, slow]]) {
    const offset = exchange(1234, trips);
    assert.equal(offset.toTheirs(10), 1244);
    assert.equal(offset.errorMs, 2);
  }
});

test('an old exchange is believed until clocks may have drifted apart by more', () => {
  const offset = createClockOffset();
  offset.observe({ askedMs: 0, receivedMs: 1, answeredMs: 1, arrivedMs: 2 });
  const later = (atMs: number) =>
    offset.observe({ askedMs: atMs, receivedMs: atMs + 7, answeredMs: atMs + 7, arrivedMs: atMs + 4 });
  later(10_000); // 0.15 ms of drift at most
  assert.equal(offset.toTheirs(0), 0);
  later(1e6);
  assert.equal(offset.toTheirs(0), 5);
});

test('nothing is known before the first exchange', () => {
  const offset = createClockOffset();
  assert.equal(offset.toTheirs(7), 7);
  assert.equal(offset.errorMs, Infinity);
});
