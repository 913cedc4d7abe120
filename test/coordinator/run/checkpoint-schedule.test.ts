import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCheckpointSchedule } from '../../../coordinator/run/checkpoint-schedule.ts';

test('each rule asks on its own, and any one of several is enough', () => {
  let nowMs = 0;
  const schedule = createCheckpointSchedule('epoch,4steps,6steps,10s', () => nowMs);
  const due = [1, 2, 3, 4, 5, 6, 7].filter((step) => schedule.isDue(step, false));
  assert.deepEqual(due, [4, 6]);
  assert.equal(schedule.isDue(7, true), true);
  nowMs = 9_999;
  assert.equal(schedule.isDue(7, false), false);
  nowMs = 10_000;
  assert.equal(schedule.isDue(7, false), true);
});

test('seconds count from the last checkpoint, whatever it was made for', () => {
  let nowMs = 0;
  const schedule = createCheckpointSchedule('10s', () => nowMs);
  nowMs = 8_000;
  schedule.made();
  nowMs = 17_000;
  assert.equal(schedule.isDue(1, true), false);
  nowMs = 18_000;
  assert.equal(schedule.isDue(1, false), true);
});
