import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReducers } from '../../../coordinator/reducers/reducers.ts';
import { framesOfState } from '../../../coordinator/reducers/state-parts.ts';
import { createKernels } from '../../../shared/math/kernels.ts';

test('the state of a chunk is taken from the reducer that owns it, and from nobody else', () => {
  const reducers = createReducers({ budget: 16, window: 2, createKernels });
  const parameters = [{ name: 'w', shape: [4], initialiser: { kind: 'zeros' as const } }];
  reducers.open({ name: 'm', parameters, statistics: [], termNames: ['loss'], generative: false }, ['owner']);
  const seen: number[] = [];
  reducers.read((_array, _offset, values) => void seen.push(values[0]!));
  const stateOf = (value: number) => {
    const array = new Float32Array(4).fill(value);
    return framesOfState({ offset: 0, parameters: array, firstMoment: array, secondMoment: array }, 0, 4, 1);
  };
  for (const frame of stateOf(666))
    assert.throws(() => reducers.takeState('stranger', frame), { kind: 'unasked' });
  assert.equal(reducers.settled, false);
  for (const frame of stateOf(1)) reducers.takeState('owner', frame);
  assert.equal(reducers.settled, true);
  assert.deepEqual(seen, [1, 1, 1]);
});
