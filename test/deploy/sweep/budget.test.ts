import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flagsOfBudget, parseBudget } from '../../../deploy/sweep/budget.ts';

test('every budget is flags of train', () => {
  const flags = (text: string) => Object.fromEntries(flagsOfBudget(parseBudget(text)));
  assert.deepEqual(flags('epochs=20'), { epochs: '20' });
  assert.deepEqual(flags('updates=500'), { steps: '500' });
  assert.deepEqual(flags('seconds=1.5'), { maxSeconds: '1.5', epochs: '1000000' });
  assert.deepEqual(flags('converged'), { stopOn: 'heldOut', epochs: '1000000' });
});

test('what is no budget is refused', () => {
  for (const text of ['epochs', 'epochs=', 'epochs=0', 'epochs=1.5', 'steps=3', 'seconds=-1', 'Converged']) {
    assert.throws(() => parseBudget(text), { exitCode: 64, message: /expected epochs=N/ }, text);
  }
});
