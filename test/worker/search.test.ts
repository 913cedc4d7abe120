import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../shared/runtime/clock.ts';
import { runLockstep } from '../support/lockstep.ts';
import { createSearch } from '../../worker/search.ts';

test('a search is given up once nobody was found for so long, however often it is begun', (context) => {
  const { timers } = context.mock;
  timers.enable({ apis: ['setTimeout'] });
  const reasons: string[] = [];
  const search = createSearch(systemClock, 3000, (reason) => reasons.push(reason));
  timers.tick(2000);
  search.end(); // found
  timers.tick(10_000);
  search.begin();
  timers.tick(2000);
  search.begin(); // another connection was lost
  assert.deepEqual(reasons, []);
  timers.tick(1000);
  assert.deepEqual(reasons, ['no coordinator for 3 s']);
});

test('without a limit nobody gives up', (context) => {
  const { timers } = context.mock;
  timers.enable({ apis: ['setTimeout'] });
  createSearch(systemClock, undefined, assert.fail);
  timers.tick(1e9);
});

test('a worker that finds no coordinator leaves as told, with the exit code of what may pass', async () => {
  const words = [
    'worker',
    '--connect',
    'tcp://127.0.0.1:9',
    '--runtime',
    'wasm',
    '--coordinator-timeout',
    '1',
  ];
  const { code, stderr } = await runLockstep(words);
  assert.equal(code, 75, stderr);
  assert.match(stderr, /no coordinator for 1 s\n$/);
});
