import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LockstepError } from '../../shared/errors.ts';
import { createDoor, readTokenFile } from '../../shared/runtime/http-access.ts';
import { temporaryFolder } from '../support/temporary.ts';

const page = new URL('http://host/');
const token = 'a-token-of-sixteen-or-more';

test('without a token, on loopback, only who asks for this box by its own names is let in', () => {
  const door = createDoor(null, true, 'c');
  for (const host of ['localhost', 'localhost:5771', '127.0.0.1:5771', '[::1]:5771'])
    assert.equal(door.admit({ host }, page).kind, 'allowed', host);
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:5771', ''])
    assert.equal(door.admit({ host }, page).kind, 'refused', host);
});

test('with a token a program shows it, and a browser gives it once for a cookie that is not the token', () => {
  const door = createDoor(token, false, 'lockstep_1');
  assert.equal(door.admit({ authorization: `Bearer ${token}` }, page).kind, 'allowed');
  const login = door.admit({}, new URL(`http://host/?token=${token}`));
  assert.ok(login.kind === 'login' && !login.cookie.includes(token));
  assert.match(login.cookie, /^lockstep_1=[0-9a-f]{64}; HttpOnly; SameSite=Lax; Path=\/$/);
  const cookie = `other=1; ${login.cookie.split(';')[0]}`;
  assert.equal(door.admit({ cookie }, page).kind, 'allowed');
});

test('whatever is not the token is refused', () => {
  const door = createDoor(token, true, 'c');
  const wrong = ['', 'x', token.slice(1), `${token}x`];
  for (const text of wrong) {
    assert.equal(door.admit({ authorization: `Bearer ${text}` }, page).kind, 'refused');
    assert.equal(door.admit({ authorization: `Basic ${text}` }, page).kind, 'refused');
    assert.equal(door.admit({ cookie: `c=${text}` }, page).kind, 'refused');
    assert.equal(door.admit({}, new URL(`http://host/?token=${text}`)).kind, 'refused');
  }
  assert.equal(door.admit({ host: 'localhost' }, page).kind, 'refused');
});

test('a token file is made where there is none, for its owner only, and read again', () => {
  const path = join(temporaryFolder(), 'token');
  const made = readTokenFile(path);
  assert.equal(readTokenFile(path), made);
  assert.equal(readFileSync(path, 'utf8'), `${made}\n`);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a token file that others may read, or without a token, is refused', () => {
  const path = join(temporaryFolder(), 'token');
  const refusal = (pattern: RegExp) => (error: unknown) =>
    error instanceof LockstepError && error.exitCode === 78 && pattern.test(error.message);
  writeFileSync(path, 'short\n', { mode: 0o600 });
  assert.throws(() => readTokenFile(path), refusal(/holds no token/));
  writeFileSync(path, `${token}\n`);
  chmodSync(path, 0o640);
  assert.throws(() => readTokenFile(path), refusal(/has mode 640, expected 600/));
});
