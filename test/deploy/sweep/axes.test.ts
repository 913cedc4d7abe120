import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combinations, readAxes } from '../../../deploy/sweep/axes.ts';

test('a setting with commas is an axis, one without is fixed, and files are never split', () => {
  const { fixed, axes } = readAxes({
    batchSize: '1000,6300,1000',
    width: '64',
    data: ['a,b.mat', 'c.mat'],
    checkpointEvery: 'epoch,600s',
    whiten: true,
    components: false,
  });
  assert.deepEqual(axes, [{ field: 'batchSize', values: ['1000', '6300'] }]);
  assert.deepEqual(
    [...fixed].sort(([a], [b]) => a.localeCompare(b)),
    [
      ['checkpointEvery', 'epoch,600s'],
      ['components', false],
      ['data', ['a,b.mat', 'c.mat']],
      ['whiten', true],
      ['width', '64'],
    ],
  );
});

test('of a flag that is given twice the last one counts', () => {
  assert.deepEqual(readAxes({ width: ['1,2', '3,4'] }).axes, [{ field: 'width', values: ['3', '4'] }]);
});

test('an empty value among several is refused', () => {
  assert.throws(() => readAxes({ batchSize: '100,,200' }), { exitCode: 64, message: /--batch-size.*empty/ });
});

test('combinations are all pairs, the first axis slowest', () => {
  const found = combinations([
    { field: 'batchSize', values: ['1', '2'] },
    { field: 'width', values: ['a', 'b'] },
  ]).map((choice) => [...choice.values()].join(''));
  assert.deepEqual(found, ['1a', '1b', '2a', '2b']);
  assert.equal(combinations([]).length, 1);
});
