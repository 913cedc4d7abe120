/** Where a coordinator listens: addresses of both families, and never unprotected before strangers. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { listeningOf } from '../../../deploy/cli/listen-flags.ts';
import { checkEndpoint, serverFileOf, writeKeyFiles } from '../../../shared/runtime/key-files.ts';
import { createKeyPair } from '../../../shared/transport/zeromq.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('addresses of this machine need no keys, whatever their family; others do', () => {
  const hosts = { localhost: '127.0.0.1', '127.0.0.1': '127.0.0.1', '::1': '[::1]', '[::1]': '[::1]' };
  for (const [said, host] of Object.entries(hosts)) {
    assert.equal(listeningOf({ host: said }, null).host, host);
  }
  for (const host of ['0.0.0.0', '::', '[::]', 'fd00::2', '10.0.0.5']) {
    assert.throws(() => listeningOf({ host }, null), { exitCode: 64, message: /without keys/ }, host);
    assert.match(listeningOf({ host, insecure: true }, null).notices[0]!, /^--insecure/);
  }
});

test('what is no address is refused, with what is expected', () => {
  for (const host of ['box.example.org', '1.2.3', '::g', '[::1', '*', 'eth0'])
    assert.throws(() => listeningOf({ host }, null), { exitCode: 64, message: /expected an address/ }, host);
});

test('keys of an address say where to listen, whatever its family', () => {
  const folder = temporaryFolder();
  const endpoints = { 'tcp://[fd00::2]:5771': '[fd00::2]', 'tcp://10.0.0.5:5771': '10.0.0.5' };
  for (const [index, [endpoint, host]] of Object.entries(endpoints).entries()) {
    const file = join(folder, `${index}.json`);
    writeKeyFiles(file, checkEndpoint(endpoint), createKeyPair);
    const listening = listeningOf({ keys: serverFileOf(file) }, null);
    assert.deepEqual([listening.host, listening.port], [host, 5771]);
  }
  for (const endpoint of ['tcp://fd00::2:5771', 'tcp://[::1]', 'tcp://[x]:1', 'tcp://[::1]:0'])
    assert.throws(() => checkEndpoint(endpoint), { exitCode: 64 }, endpoint);
});
