import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRestarts, howItEnded } from '../../../deploy/train/restarts.ts';
import { exitCodes } from '../../../shared/errors.ts';

const crash = { code: 137, signal: 'SIGKILL' } as const;

test('each wait is twice the last one, and after five restarts in a row there is no sixth', () => {
  const restarts = createRestarts();
  const waits = Array.from({ length: 7 }, () => restarts.after(crash, 500));
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, null, null]);
});

test('a long life ends a row', () => {
  const restarts = createRestarts();
  for (let trial = 0; trial < 20; trial++) assert.equal(restarts.after(crash, 61_000), 1000);
  assert.equal(restarts.after(crash, 100), 2000);
});

test('only a signal and a lost peer may pass; nothing that a restart cannot mend is tried again', () => {
  const { ok, runFailed, usage, data, unavailable, configuration, peerLost } = exitCodes;
  const wait = (code: number): number | null => createRestarts().after({ code, signal: null }, 100);
  for (const code of [ok, runFailed, usage, data, unavailable, configuration]) assert.equal(wait(code), null);
  assert.equal(wait(peerLost), 1000);
});

test('an end is told by its signal, else by its code', () => {
  assert.deepEqual([crash, { code: 78, signal: null }].map(howItEnded), ['signal SIGKILL', 'exit code 78']);
});
