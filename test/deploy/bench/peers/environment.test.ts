import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { peersPython, scriptFolder } from '../../../../deploy/bench/peers/environment.ts';
import { findPaths } from '../../../../deploy/setup/paths.mjs';
import { temporaryFolder } from '../../../support/temporary.ts';

function setting() {
  const paths = { ...findPaths(), cache: temporaryFolder() };
  return { paths, yes: false, offline: false, ask: null };
}

test('without consent nothing is made, and the size is told', async () => {
  const options = setting();
  const refusal = /6\.8 GB on disk, and was not allowed to make it: add --yes/;
  await assert.rejects(peersPython(options), refusal);
  let question = '';
  const ask = (text: string): Promise<boolean> => {
    question = text;
    return Promise.resolve(false);
  };
  await assert.rejects(peersPython({ ...options, ask }), refusal);
  assert.match(question, /3\.4 GB to download, 6\.8 GB on disk\. Go on\?/);
  assert.ok(!existsSync(join(options.paths.cache, 'peers')));
});

test('offline nothing is made, whoever allows it', async () => {
  const options = { ...setting(), yes: true, offline: true };
  await assert.rejects(peersPython(options), { name: 'LockstepError', exitCode: 69 });
  assert.ok(!existsSync(join(options.paths.cache, 'peers')));
});

test('an environment of exactly these pins is used as it is, offline too', async () => {
  const options = { ...setting(), offline: true };
  const folder = join(options.paths.cache, 'peers');
  const python = join(folder, 'bin', 'python');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  writeFileSync(python, '');
  const pins = ['requirements.txt', 'constraints.txt']
    .map((name) => readFileSync(join(scriptFolder(options.paths), name), 'utf8'))
    .join('');
  await assert.rejects(peersPython(options), /LOCKSTEP_OFFLINE/, 'cut short: no record');
  writeFileSync(join(folder, 'pins.txt'), pins);
  assert.equal(await peersPython(options), python);
  writeFileSync(join(folder, 'pins.txt'), `${pins}another==1.0\n`);
  await assert.rejects(peersPython(options), /LOCKSTEP_OFFLINE/, 'of other pins');
});

test('every package is pinned', () => {
  for (const name of ['requirements.txt', 'constraints.txt']) {
    const lines = readFileSync(join(scriptFolder(findPaths()), name), 'utf8').split('\n');
    const loose = lines.filter(
      (line) => line !== '' && !line.startsWith('#') && !/^[\w-]+==[\w.]+/.test(line),
    );
    assert.deepEqual(loose, [], name);
  }
});
