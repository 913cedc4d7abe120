import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { waitForPort } from '../../../deploy/train/free-port.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';

test('a port that is taken is waited for, said once, and given up after a while', async () => {
  const owner = createServer();
  await new Promise<void>((resolve) => owner.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const place = { host: '127.0.0.1', port: (owner.address() as AddressInfo).port };
  let told = 0;
  const tell = (): void => void (told += 1);
  assert.equal(await waitForPort(place, 0, systemClock, tell), false);
  const waiting = waitForPort(place, 60_000, systemClock, tell);
  systemClock.after(100, () => void owner.close());
  assert.equal(await waiting, true);
  assert.equal(told, 2);
  assert.equal(await waitForPort(place, 0, systemClock, tell), true);
  assert.equal(told, 2);
});
