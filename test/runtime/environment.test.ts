/** Variables: those of fields are read, slips are told, everything else is somebody else's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configFieldNames } from '../../shared/runtime/config.ts';
import { readEnvironment } from '../../shared/runtime/environment.ts';
import { variableName } from '../../shared/runtime/field.ts';

test('every field has its variable', () => {
  for (const field of configFieldNames) {
    const { settings, notices } = readEnvironment({ [variableName(field)]: 'x' });
    assert.deepEqual([[...settings.keys()], notices], [[field], []]);
  }
});

test('a slip of the pen is told with the name that was meant', () => {
  const { settings, notices } = readEnvironment({ LOCKSTEP_BATCHSIZE: '3', LOCKSTEP_WORKRES: '2' });
  assert.equal(settings.size, 0);
  assert.match(notices[0] ?? '', /^LOCKSTEP_BATCHSIZE .* did you mean LOCKSTEP_BATCH_SIZE\?$/);
  assert.match(notices[1] ?? '', /did you mean LOCKSTEP_WORKERS\?$/);
});

test("other programs' variables are left alone, and so are ours that are no fields", () => {
  const { settings, notices } = readEnvironment({
    LOCKSTEP_OFFLINE: '1',
    LOCKSTEP_TEST_STRICT: '1',
    LOCKSTEP_COORDINATOR_SERVICE_HOST: '10.0.0.1',
    LOCKSTEP_COORDINATOR_PORT_5770_TCP_ADDR: '10.0.0.1',
    SLURM_PROCID: '0',
    BATCH_SIZE: '3',
  });
  assert.deepEqual([settings.size, notices], [0, []]);
});
