import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseControl } from '../../../deploy/sweep/control.ts';

test('the control is the largest batch in far larger micro-batches, at least two', () => {
  assert.deepEqual(chooseControl([100, 1000], 50), { batchSize: 1000, microBatchSize: 500 });
  assert.deepEqual(chooseControl([1000, 6300], 100), { batchSize: 6300, microBatchSize: 450 });
});

test('where the unit is as large as can be, it is far smaller ones', () => {
  assert.deepEqual(chooseControl([1000], 500), { batchSize: 1000, microBatchSize: 125 });
});

test('a control divides its batch, and is not the unit', () => {
  for (let batchSize = 4; batchSize < 400; batchSize += 1) {
    const control = chooseControl([batchSize], 2);
    if (control === null) continue;
    assert.equal(batchSize % control.microBatchSize, 0);
    assert.notEqual(control.microBatchSize, 2);
    assert.ok(batchSize / control.microBatchSize >= 2);
  }
});

test('there is none where the batch is cut one way only', () => {
  assert.equal(chooseControl([10, 4], 2)?.batchSize, 10);
  assert.equal(chooseControl([4], 2), null);
});
