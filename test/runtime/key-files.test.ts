import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LockstepError } from '../../shared/errors.ts';
import {
  checkEndpoint,
  createFreshKeys,
  readConnection,
  readServerKeys,
  serverFileOf,
  writeKeyFiles,
} from '../../shared/runtime/key-files.ts';
import { createKeyPair } from '../../shared/transport/zeromq.ts';
import { temporaryFolder } from '../support/temporary.ts';

const endpoint = 'tcp://10.0.0.5:5770';

const refusal = (run: () => unknown): LockstepError => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof LockstepError, String(error));
    assert.ok(!error.message.includes('\n'));
    return error;
  }
  throw new Error('was not refused');
};

test('the two files fit together, and nobody but their owner can read them, whatever the umask', (context) => {
  const file = join(temporaryFolder(), 'box.json');
  const umask = process.umask(0);
  context.after(() => process.umask(umask));
  const serverFile = writeKeyFiles(file, endpoint, createKeyPair);
  assert.equal(serverFile, serverFileOf(file));
  for (const path of [file, serverFile]) assert.equal(statSync(path).mode & 0o777, 0o600);
  const [server, connection] = [readServerKeys(serverFile), readConnection(file)];
  assert.equal(connection.runId, server.runId);
  assert.equal(connection.endpoint, endpoint);
  assert.equal(connection.keys.serverKey, server.keys.publicKey);
  assert.deepEqual(server.keys.allowed, [connection.keys.publicKey]);
  assert.ok(
    !readFileSync(file, 'utf8').includes(server.keys.secretKey),
    "the coordinator's secret stays with it",
  );
});

test('nothing is overwritten, nor written through a link, and no half is left', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'box.json');
  writeFileSync(file, 'mine');
  const taken = refusal(() => writeKeyFiles(file, endpoint, createKeyPair));
  assert.equal(taken.exitCode, 64);
  assert.match(taken.message, /box\.json is there already/);
  assert.equal(readFileSync(file, 'utf8'), 'mine');
  assert.throws(() => statSync(serverFileOf(file)), /ENOENT/);
  const other = join(folder, 'other');
  symlinkSync(join(folder, 'elsewhere'), other);
  assert.equal(refusal(() => writeKeyFiles(other, endpoint, createKeyPair)).exitCode, 64);
});

test('a file that others may read is refused, as is one that is none, without a word of what is in it', () => {
  const file = join(temporaryFolder(), 'box.json');
  const serverFile = writeKeyFiles(file, endpoint, createKeyPair);
  const { keys } = readConnection(file);
  const failures: LockstepError[] = [];
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(file, mode);
    failures.push(refusal(() => readConnection(file)));
    assert.match(failures.at(-1)!.message, /others may read or write it \(mode 6\d\d\): chmod 600 it/);
  }
  chmodSync(file, 0o600);
  failures.push(refusal(() => readConnection(serverFile)));
  failures.push(refusal(() => readServerKeys(file)));
  failures.push(refusal(() => readConnection(`${file}.missing`)));
  failures.push(refusal(() => readConnection(join(file, '..'))));
  const text = readFileSync(file, 'utf8');
  const spoilt = [
    text.slice(0, -10),
    text.replace(keys.secretKey, `${keys.secretKey.slice(1)}"`),
    `[${text}]`,
  ];
  for (const content of [...spoilt, text.replace('{', '{ "more": 1,'), 'x'.repeat(300_000), '']) {
    writeFileSync(file, content);
    failures.push(refusal(() => readConnection(file)));
  }
  for (const { message, exitCode } of failures) {
    assert.equal(exitCode, 78, message);
    assert.ok(!message.includes(keys.secretKey.slice(1, 20)), message);
  }
});

test('an endpoint is one that a worker can connect to', () => {
  assert.equal(checkEndpoint(endpoint), endpoint);
  for (const wrong of [
    '',
    'box',
    'tcp://box',
    'tcp://box:0',
    'tcp://box:65536',
    'http://box:1',
    'tcp://u@box:1',
  ])
    assert.equal(refusal(() => checkEndpoint(wrong)).exitCode, 64);
});

test('keys of one run alone come to disk in the file of its workers only, whole, and for their owner', () => {
  const file = join(temporaryFolder(), 'box.json');
  const fresh = createFreshKeys(createKeyPair);
  for (const port of [5770, 5771]) {
    fresh.writeConnection(file, `tcp://box1:${port}`); // the second time in place of the first
    const connection = readConnection(file);
    assert.equal(connection.endpoint, `tcp://box1:${port}`);
    assert.equal(connection.runId, fresh.runId);
    assert.equal(connection.keys.serverKey, fresh.keys.publicKey);
    assert.deepEqual(fresh.keys.allowed, [connection.keys.publicKey]);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.ok(!readFileSync(file, 'utf8').includes(fresh.keys.secretKey));
  }
});
