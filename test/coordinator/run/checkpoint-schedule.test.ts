import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCheckpointSchedule } from '../../../coordinator/run/checkpoint-schedule.ts';

test('each rule asks on its own, and any one of several is enough', () => {
  let nowMs = 0;
  const schedule = createCheckpointSchedule('epoch,4steps,6steps,10s', () => nowMs);
  const isDue = (step: number, endsEpoch = false): boolean => {
    const due = schedule.isDue(step, endsEpoch, false);
    if (due) schedule.made();
    return due;
  };
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7].filter((step) => isDue(step)),
    [4, 6],
  );
  assert.equal(isDue(7, true), true);
  nowMs = 9_999;
  assert.equal(isDue(7), false);
  nowMs = 10_000;
  assert.equal(isDue(7), true);
});

test('seconds count from the last checkpoint, whatever it was made for', () => {
  let nowMs = 0;
  const schedule = createCheckpointSchedule('10s', () => nowMs);
  nowMs = 8_000;
  schedule.made();
  nowMs = 17_000;
  assert.equal(schedule.isDue(1, true, false), false);
  nowMs = 18_000;
  assert.equal(schedule.isDue(1, false, false), true);
});

test('one that is due while another is being written is made as soon as that is done', () => {
  const schedule = createCheckpointSchedule('4steps', () => 0);
  assert.deepEqual(
    [4, 5, 6].map((step) => schedule.isDue(step, false, step < 6)),
    [false, false, true],
  );
  schedule.made();
  assert.equal(schedule.isDue(7, false, false), false);
});
