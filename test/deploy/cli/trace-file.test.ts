import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { nthTraceFile, traceFileOf } from '../../../deploy/cli/trace-file.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('a file in a folder that is there is taken, new or old, from wherever it is named', () => {
  const path = join(temporaryFolder(), 'trace.json');
  assert.equal(traceFileOf(path), path);
  writeFileSync(path, '');
  assert.equal(traceFileOf(relative(process.cwd(), path)), path);
  assert.equal(traceFileOf(null), null);
});

test('what cannot be a file is refused in one line that says why and what to do', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  const refused = (path: string, message: RegExp): void =>
    assert.throws(() => traceFileOf(join(folder, path)), { exitCode: 64, message });
  refused('none/trace.json', /^--trace .* its folder .*none is not there: make it first, or name another/);
  refused('file/trace.json', /file is a file, not a folder/);
  refused('.', /it is a folder: name a file in it/);
});

test('each start of a coordinator has a file of its own, beside the first', () => {
  assert.equal(nthTraceFile('/a/trace.json', 1), '/a/trace.json');
  assert.equal(nthTraceFile('/a/trace.json', 2), '/a/trace-2.json');
  assert.equal(nthTraceFile('/a.b/trace', 3), '/a.b/trace-3');
});
