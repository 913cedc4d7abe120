import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../shared/errors.ts';
import { checkExposure, isLoopback } from '../../shared/transport/keys.ts';
import { createKeyPair } from '../../shared/transport/zeromq.ts';
import { transportOptions } from './contract.ts';

const refused = (endpoint: string, more: object = {}): boolean => {
  try {
    checkExposure(endpoint, { ...transportOptions, ...more });
    return false;
  } catch (error) {
    assert.ok(error instanceof LockstepError && error.exitCode === 78);
    return true;
  }
};

test('without keys a hub is reached from this machine alone, unless somebody insists', () => {
  const keys = { ...createKeyPair(), allowed: [] };
  for (const endpoint of ['tcp://127.0.0.1:5770', 'tcp://127.9.9.9:0', 'tcp://[::1]:1', 'tcp://localhost:1'])
    assert.equal(refused(endpoint), false, endpoint);
  for (const endpoint of [
    'tcp://0.0.0.0:5770',
    'tcp://*:5770',
    'tcp://10.0.0.5:5770',
    'tcp://eth0:5770',
    'tcp://[::]:5770',
    'tcp://127.0.0.1.example.org:1',
  ]) {
    assert.equal(refused(endpoint), true, endpoint);
    assert.equal(refused(endpoint, { insecure: true }), false, endpoint);
    assert.equal(refused(endpoint, { keys }), false, endpoint);
  }
  assert.equal(refused('tcp://0.0.0.0'), false, 'no address: whoever binds it is told so');
  assert.equal(isLoopback('128.0.0.1'), false);
});
