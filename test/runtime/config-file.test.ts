/** Configuration files: what is accepted, and how the rest is refused. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LockstepError } from '../../shared/errors.ts';
import { parseConfigFile, readConfigFile } from '../../shared/runtime/config-file.ts';
import { temporaryFolder } from '../support/temporary.ts';

const refused = (act: () => unknown, exitCode: number, pattern: RegExp): void =>
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof LockstepError, String(error));
    assert.match(error.message, pattern);
    assert.doesNotMatch(error.message, /\n/);
    assert.equal(error.exitCode, exitCode);
    return true;
  });

test('none is null, a single name is a list, and preset is no field', () => {
  const { settings, preset } = parseConfigFile(
    'preset: svhn\ncomponents: none\ndata: a.mat\nsampling: correct',
    'f',
  );
  assert.equal(preset, 'svhn');
  assert.deepEqual(
    [...settings],
    [
      ['components', null],
      ['data', ['a.mat']],
      ['sampling', 'correct'],
    ],
  );
});

test('an empty file says nothing', () => {
  assert.equal(parseConfigFile('# nothing\n', 'f').settings.size, 0);
});

test('an unknown key is refused with the one that was meant', () => {
  refused(
    () => parseConfigFile('batch_size: 3', 'f'),
    78,
    /^f: batch_size is not a setting; did you mean batchSize\?/,
  );
  refused(() => parseConfigFile('zzzzzz: 3', 'f'), 78, /--print-config lists all/);
  refused(() => parseConfigFile('- 3', 'f'), 78, /holds no settings/);
});

test('what cannot be read, or is no YAML, is a matter of data', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'run.yaml');
  refused(() => readConfigFile(path), 65, /run.yaml: no such file/);
  refused(() => readConfigFile(folder), 65, /it is a folder/);
  for (const text of ['a: [1', 'seed: 1\nseed: 2', '\tx: 1']) {
    writeFileSync(path, text);
    refused(() => readConfigFile(path), 65, /is not valid YAML/);
  }
});

test('aliases that lead nowhere, or to a thousand million values, are no YAML of settings', () => {
  refused(() => parseConfigFile('data: *nowhere', 'f'), 65, /^f is not valid YAML: Unresolved alias/);
  const names = 'abcdefghi'.split('');
  const levels = names.map((name, index) => {
    const value = index === 0 ? 'x' : `*${names[index - 1]!}`;
    return `${name}: &${name} [${Array.from({ length: 9 }, () => value).join(', ')}]`;
  });
  refused(() => parseConfigFile(levels.join('\n'), 'f'), 65, /^f is not valid YAML: Excessive alias count/);
});
