import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFaults } from '../../../coordinator/run/faults.ts';
import { configurationError } from '../../../shared/errors.ts';

test('a failure is said and counted; only the loss of the folder is thrown', () => {
  const said: string[] = [];
  const faults = createFaults((message) => said.push(message));
  faults.failed('picture samples', new Error('ENOSPC: no space left on device'));
  faults.assertNotLost();
  faults.failed('history', configurationError('a second coordinator took over'));
  assert.throws(() => faults.assertNotLost(), { exitCode: 78, message: 'a second coordinator took over' });
  assert.equal(faults.count, 2);
  assert.equal(said[0], 'picture samples could not be written: ENOSPC: no space left on device');
});
