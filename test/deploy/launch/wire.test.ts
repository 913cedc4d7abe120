import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeFromBox, decodeToBox, encode, type ToBox } from '../../../deploy/launch/wire.ts';
import { ProtocolError } from '../../../shared/errors.ts';

test('a message comes out as it went in, on one line', () => {
  const message: ToBox = {
    type: 'start',
    id: 3,
    words: ['worker', '--rank', '3'],
    environment: { A: 'two\nlines' },
    secret: { flag: '--connect', text: '{}' },
    graceMs: 5000,
  };
  assert.equal(encode(message).indexOf('\n'), encode(message).length - 1);
  assert.deepEqual(decodeToBox(encode(message)), message);
});

test('what is no message is not believed', () => {
  for (const line of ['', 'Welcome to box1', '{}', '{"type":"pong","more":1}', '{"type":"exit","id":-1}']) {
    assert.throws(() => decodeFromBox(line), ProtocolError, line);
  }
});
