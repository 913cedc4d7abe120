import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { httpFlagsOf, httpWords, servingRequestOf, type HttpFlags } from '../../../deploy/cli/http-flags.ts';
import { LockstepError } from '../../../shared/errors.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const none: HttpFlags = { host: null, port: null, tokenFile: null, targetsDir: null, linger: null };

test('without flags a run is served on loopback, on any free port, without a token', () => {
  const { address, lingerSeconds, targetsFolder } = servingRequestOf(none);
  assert.deepEqual(address, { host: '127.0.0.1', port: null, orNext: true, token: null });
  assert.equal(lingerSeconds, 0);
  assert.match(targetsFolder!, /targets$/);
  assert.equal(servingRequestOf({ ...none, port: 'none', targetsDir: 'none' }).address, null);
});

test('elsewhere than on loopback a token is needed, and comes from the file', () => {
  const tokenFile = join(temporaryFolder(), 'token');
  assert.throws(
    () => servingRequestOf({ ...none, host: '0.0.0.0' }),
    (error) =>
      error instanceof LockstepError && error.exitCode === 64 && /--http-token-file/.test(error.message),
  );
  const { address } = servingRequestOf({ ...none, host: '0.0.0.0', tokenFile });
  assert.equal(address!.token, readFileSync(tokenFile, 'utf8').trim());
});

test('values that cannot be are refused by name', () => {
  for (const [flags, pattern] of [
    [{ port: '' }, /--http-port got ""/],
    [{ port: 'x' }, /--http-port got "x"/],
    [{ port: '70000' }, /--http-port got "70000"/],
    [{ linger: '-1' }, /--linger got "-1"/],
  ] as const)
    assert.throws(() => servingRequestOf({ ...none, ...flags }), pattern);
});

test('whoever starts a run again gives it the same flags, and the port that it had, or the next free one', () => {
  const given = httpFlagsOf({ httpHost: '127.0.0.2', linger: '5' });
  assert.deepEqual(httpWords(given, 5773), [
    '--http-host',
    '127.0.0.2',
    '--http-port',
    '5773+',
    '--linger',
    '5',
  ]);
  assert.deepEqual(httpWords({ ...none, port: '6000' }, 6000), ['--http-port', '6000'], 'asked for');
  assert.deepEqual(httpWords({ ...none, port: 'none' }, null), ['--http-port', 'none']);
});
