import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOuterReducer } from '../../../coordinator/reducers/outer.ts';
import { framesOfState } from '../../../coordinator/reducers/state-parts.ts';
import { createLayout } from '../../../shared/math/layout.ts';

const parameters = [{ name: 'weights', shape: [4], initialiser: { kind: 'zeros' } as const }];

test('a state is read from the frames that answer this reading, and from none of an earlier one', () => {
  const layout = createLayout(parameters);
  const chunks = { first: 0, end: 1 };
  const news: string[] = [];
  const reducer = createOuterReducer(
    { peer: 'r', parameters, layout, chunks, budget: 2, window: 2 },
    ({ type }) => void news.push(type),
  );
  const framesWith = (value: number, version: number) => {
    const array = new Float32Array(4).fill(value);
    const part = { offset: 0, parameters: array, firstMoment: array, secondMoment: array };
    return framesOfState(part, 0, 4, version);
  };
  const seen: number[] = [];
  const take = (_array: unknown, _offset: number, values: Float32Array): void => void seen.push(values[0]!);
  reducer.read(take);
  for (const frame of framesWith(1, 1)) reducer.take(frame);
  reducer.read(take);
  for (const frame of framesWith(1, 1)) assert.throws(() => reducer.expect(frame), { kind: 'stale' });
  for (const frame of framesWith(2, 2)) reducer.take(frame);
  assert.deepEqual(seen, [1, 1, 1, 2, 2, 2]);
  assert.deepEqual(news, ['done', 'done']);
});
