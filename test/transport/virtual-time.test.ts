import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createVirtualTime } from '../../shared/transport/virtual-time.ts';

test('events run in the order of their times, those of one time in the order of their scheduling', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 200 }), (delays) => {
      const time = createVirtualTime();
      const ran: { timeMs: number; index: number }[] = [];
      delays.forEach((delayMs, index) =>
        time.schedule(delayMs, () => {
          assert.equal(time.nowMs, delayMs);
          ran.push({ timeMs: delayMs, index });
        }),
      );
      assert.equal(time.pendingCount, delays.length);
      while (time.step());
      const expected = delays.map((timeMs, index) => ({ timeMs, index })).sort((a, b) => a.timeMs - b.timeMs);
      assert.deepEqual(ran, expected); // JavaScript's sort is stable
      assert.equal(time.pendingCount, 0);
    }),
  );
});

test('an event may schedule others, for the same moment too', () => {
  const time = createVirtualTime();
  const ran: string[] = [];
  time.schedule(1, () => {
    ran.push('first');
    time.schedule(0, () => void ran.push('third'));
    time.schedule(5, () => void ran.push('fourth'));
  });
  time.schedule(1, () => void ran.push('second'));
  while (time.step());
  assert.deepEqual(ran, ['first', 'second', 'third', 'fourth']);
  assert.equal(time.nowMs, 6);
});

test('time stops before an event that is too late, and never passes over one', () => {
  const time = createVirtualTime();
  time.schedule(10, () => {});
  assert.equal(time.step(9), false);
  assert.equal(time.nowMs, 0);
  time.advanceTo(9);
  assert.throws(() => time.advanceTo(11));
  assert.throws(() => time.schedule(-1, () => {}));
  assert.equal(time.step(10), true);
  assert.equal(time.step(), false);
});
