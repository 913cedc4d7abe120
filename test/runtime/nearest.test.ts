/** The name that was meant: slips are found, and a name unlike all is not forced on anybody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, nearestName } from '../../shared/runtime/nearest.ts';

const names = ['batchSize', 'seed', 'steps', 'learningRate'];

test('case, separators, a swap or a missing letter do not hide a name', () => {
  for (const slip of ['batch_size', 'BATCHSIZE', 'bacthSize', 'batchsze']) {
    assert.equal(nearestName(slip, names), 'batchSize');
  }
  assert.equal(nearestName('step', names), 'steps');
});

test('a name unlike all gets no suggestion', () => {
  assert.equal(nearestName('banana', names), null);
  assert.equal(didYouMean('banana', names), '');
});
