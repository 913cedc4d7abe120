/** The changes to the addon's sources fit the sources that npm brings, and refuse any others. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { patchSources, patchText } from '../../../deploy/setup/patches.mjs';

const binding = new URL('../../../node_modules/@tensorflow/tfjs-node-gpu/binding', import.meta.url).pathname;

function withSources(check: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-patches-'));
  try {
    cpSync(binding, folder, { recursive: true });
    check(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('every change finds its place once, and what is added is compiled too', () =>
  withSources((folder) => {
    const { files, problem } = patchSources(folder);
    assert.equal(problem, null);
    assert.equal(files?.length, 3);
    assert.match(
      readFileSync(join(folder, 'tfjs_binding.cc'), 'utf8'),
      /"tensorDataInto", nullptr, TensorDataInto/,
    );
    assert.match(readFileSync(files!.at(-1)!, 'utf8'), /CopyTensorData/);
    assert.match(patchText(), /CopyTensorData/, 'the digest of an addon covers what was added');
  }));

test('sources that are not the expected ones are named, not compiled', () =>
  withSources((folder) => {
    writeFileSync(join(folder, 'tfjs_backend.h'), '// another release');
    assert.match(
      patchSources(folder).problem ?? '',
      /^tfjs_backend\.h of the addon holds .* 0 times, not once$/,
    );
  }));
