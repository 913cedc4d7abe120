/** Loading the module: found where set-up puts it, and one clear line where it is missing or broken. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { LockstepError } from '../../shared/errors.ts';
import { compileKernels, kernelsModule } from '../../shared/math/kernels-module.ts';

const unavailable =
  (pattern: RegExp) =>
  (error: unknown): boolean =>
    error instanceof LockstepError && error.exitCode === 69 && pattern.test(error.message);

test('the module that set-up built is compiled once', () => {
  assert.equal(kernelsModule(), kernelsModule());
});

test('the first file that exists is taken', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-kernels-'));
  try {
    const empty = join(folder, 'empty.wasm');
    writeFileSync(empty, Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const candidates = [join(folder, 'missing.wasm'), empty].map((path) => pathToFileURL(path));
    assert.deepEqual(WebAssembly.Module.exports(compileKernels(candidates)), []);
    writeFileSync(empty, 'not a module');
    assert.throws(
      () => compileKernels(candidates),
      unavailable(/empty\.wasm is not .*run `npx lockstep setup`/),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a module that was never built is named, with the command that builds it', () => {
  const missing = pathToFileURL(join(tmpdir(), 'nowhere', 'kernels.wasm'));
  assert.throws(
    () => compileKernels([missing]),
    unavailable(/not built .*nowhere.*: run `npx lockstep setup`/),
  );
});
