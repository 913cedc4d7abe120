import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  farewell,
  freed,
  hello,
  lies,
  seen,
  shelf,
  signalOf,
} from '../../shared/transport/zeromq-signals.ts';

test('every signal is read as it was written, and a message of the users is none', () => {
  const frames = [Buffer.from('a'), Buffer.from('b')];
  const spot = { offset: 2 ** 40, byteLength: 2 ** 32 - 1 };
  assert.deepEqual(signalOf(hello), { kind: 'hello' });
  assert.deepEqual(signalOf(farewell('why')), { kind: 'farewell', reason: 'why' });
  assert.deepEqual(signalOf(shelf('where')), { kind: 'shelf', address: 'where' });
  assert.deepEqual(signalOf(seen), { kind: 'seen' });
  assert.deepEqual(signalOf(freed(4096)), { kind: 'freed', offset: 4096 });
  assert.deepEqual(signalOf(lies(spot, frames)), { kind: 'lies', spot, frames });
  assert.equal(signalOf(frames), null);
  assert.equal(signalOf([]), null);
});
