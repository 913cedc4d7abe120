import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshStopping, observeLoss } from '../../coordinator/stopping.ts';

const settings = { minDelta: 0.5, patience: 3 };

/** What each of these losses brings. */
function observe(losses: readonly number[]) {
  let state = freshStopping;
  return losses.map((loss) => {
    const observed = observeLoss(state, loss, settings);
    state = observed.state;
    return observed;
  });
}

test('only a loss lower by more than minDelta counts as better, and patience counts from the last such one', () => {
  const observed = observe([10, 9.5, 9.4, 9.3, 8.8, 8.7, 8.6, 8.5]);
  assert.deepEqual(
    observed.map(({ improved }) => improved),
    [true, false, true, false, true, false, false, false],
  );
  assert.deepEqual(
    observed.map(({ stop }) => stop),
    [false, false, false, false, false, false, false, true],
  );
});

test('small steps do not add up: what counts is the distance to the last improvement', () => {
  assert.deepEqual(
    observe([10, 9.7, 9.4]).map(({ state }) => state.best),
    [10, 10, 9.4],
  );
});

test('a loss that is no number is no improvement, not even the first', () => {
  assert.deepEqual(
    observe([NaN, Infinity, 3, NaN]).map(({ improved, state }) => [improved, state.waited]),
    [
      [false, 1],
      [false, 2],
      [true, 0],
      [false, 1],
    ],
  );
});
