import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runLockstep } from '../../support/lockstep.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('keygen writes two files, once; a coordinator on the network needs one, and a worker takes the other', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'box.json');
  const made = await runLockstep(['keygen', file, '--endpoint', 'tcp://10.0.0.5:5770']);
  assert.equal(made.code, 0, made.stderr);
  assert.equal(made.stdout, '');
  for (const name of ['box.json', 'box.server.json'])
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
  const refusals = await Promise.all([
    runLockstep(['keygen', file]),
    runLockstep(['coordinator', '--host', '0.0.0.0', '--run-dir', join(folder, 'run')]),
    runLockstep(['coordinator', '--keys', file, '--run-dir', join(folder, 'run')]),
    runLockstep(['worker', '--connect', join(folder, 'box.server.json'), '--runtime', 'cpu']),
  ]);
  const expected = [
    [64, /is there already, and keys are never overwritten/],
    [64, /--host 0\.0\.0\.0 is reached from other machines.* lockstep keygen .*--keys FILE, or --insecure/],
    [78, /expected the file of a coordinator, as lockstep keygen writes it/],
    [78, /expected a connection file, as lockstep keygen writes it/],
  ] as const;
  refusals.forEach(({ code, stderr }, index) => {
    assert.equal(code, expected[index]![0], stderr);
    assert.match(stderr, expected[index]![1]);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  });
  assert.ok(!existsSync(join(folder, 'run')), 'nothing was begun');
});
