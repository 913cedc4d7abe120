import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StrangerKind } from '../../shared/transport/transport.ts';
import { createStrangers } from '../../shared/transport/zeromq-strangers.ts';

test('who fails a handshake is counted by why; who succeeds, or was told of by the door, is not', () => {
  const seen: StrangerKind[] = [];
  const strangers = createStrangers((kind) => void seen.push(kind));
  const fail = (type: string, error: { code?: string; status?: number }): void => {
    strangers.handle({ type: 'accept' });
    strangers.handle({ type: `handshake:error:${type}`, error });
    strangers.handle({ type: 'disconnect' });
  };
  fail('protocol', { code: 'ERR_ZMTP_MECHANISM_MISMATCH' });
  fail('protocol', { code: 'ERR_ZMTP_CRYPTOGRAPHIC' });
  fail('protocol', { code: 'ERR_ZMTP_UNEXPECTED_COMMAND' });
  fail('other', { code: 'EAGAIN' });
  fail('other', { code: 'EPIPE' });
  fail('auth', { status: 400 });
  strangers.handle({ type: 'accept' });
  strangers.handle({ type: 'handshake' });
  strangers.age();
  strangers.age();
  assert.deepEqual(seen, ['noKeys', 'wrongServerKey', 'garbage', 'silent', 'garbage']);
});

test('a connection without any outcome is noise, once it is older than a handshake', () => {
  const seen: StrangerKind[] = [];
  const strangers = createStrangers((kind) => void seen.push(kind));
  for (let index = 0; index < 3; index++) strangers.handle({ type: 'accept' });
  strangers.handle({ type: 'handshake' });
  strangers.age();
  assert.deepEqual(seen, []);
  strangers.handle({ type: 'accept' });
  strangers.age();
  assert.deepEqual(seen, ['garbage', 'garbage']);
  strangers.handle({ type: 'handshake' });
  strangers.age();
  assert.equal(seen.length, 2);
});
