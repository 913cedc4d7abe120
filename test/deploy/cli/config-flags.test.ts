/** Flags become a configuration: every field has one, and nothing that was typed is lost or guessed. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import yargs from 'yargs';
import { createRunFolder } from '../../../coordinator/run/run-folder.ts';
import {
  addConfigFlags,
  configFromArguments,
  textFlag,
  withAbsolutePaths,
  type Arguments,
} from '../../../deploy/cli/config-flags.ts';
import { LockstepError } from '../../../shared/errors.ts';
import { configFieldNames } from '../../../shared/runtime/config.ts';
import { flagName, viewOf } from '../../../shared/runtime/field.ts';
import { temporaryFolder } from '../../support/temporary.ts';

/** As the command parses them. */
function parse(...words: string[]): Arguments {
  const parser = yargs(words).parserConfiguration({ 'parse-numbers': false, 'strip-dashed': true });
  const flags = addConfigFlags(parser.exitProcess(false).strict().fail(false));
  return flags.option('resume', {}).option('run-dir', {}).parseSync();
}

const configOf = (...words: string[]) => configFromArguments(parse(...words), {});
const refusal = (exitCode: number, pattern: RegExp) => (error: unknown) =>
  error instanceof LockstepError && error.exitCode === exitCode && pattern.test(error.message);

test('every field is a flag that sets it', () => {
  for (const field of configFieldNames) {
    const { kind, choices, nullable } = viewOf(field);
    const text =
      choices?.at(-1) ?? (nullable ? 'none' : kind === 'boolean' ? 'true' : kind === 'list' ? 'x' : '0.5');
    assert.deepEqual(parse(flagName(field), text)[field], kind === 'list' ? [text] : text);
  }
});

test('switches need no value, and files may come in several flags', () => {
  const { config } = configOf(
    '--whiten',
    '--no-allow-cpu',
    '--no-components',
    '--data',
    'a',
    'b',
    '--data',
    'c',
  );
  assert.deepEqual([config.whiten, config.allowCpu, config.components], [true, false, null]);
  assert.deepEqual(config.data, ['a', 'b', 'c']);
});

test('of a flag given twice the last one counts', () => {
  assert.equal(configOf('--seed', '1', '--seed', '7').config.seed, 7);
});

test('a list cannot be denied, and a name cannot be missing', () => {
  assert.throws(() => configOf('--no-data'), refusal(64, /--no-data cannot be/));
  assert.throws(() => configOf('--config'), refusal(64, /--config got no value/));
  assert.throws(() => textFlag(parse('--run-dir'), 'run-dir'), refusal(64, /--run-dir got no value/));
  assert.equal(textFlag(parse(), 'run-dir'), null);
});

test('paths of data are made absolute, and synthetic is no path', () => {
  const { config } = withAbsolutePaths(configOf('--data', 'synthetic', '--test-data', 't.gz', '/x'), '/here');
  assert.deepEqual([config.data, config.testData], [['synthetic'], [resolve('/here/t.gz'), resolve('/x')]]);
});

test('a run that goes on has its own configuration, wherever it is resumed from', () => {
  const folder = join(temporaryFolder(), 'run');
  mkdirSync(folder);
  const { config } = withAbsolutePaths(
    configOf('--data', 'a.gz', '--seed', '3', '--workers', '1'),
    process.cwd(),
  );
  writeFileSync(join(folder, 'config.yaml'), stringify(config));
  const resumed = configOf('--resume', folder, '--data', 'a.gz', '--workers', '2');
  assert.deepEqual(resumed.config, { ...config, workers: 2 });
  assert.deepEqual(resumed.saved, config);
  assert.throws(() => configOf('--resume', folder, '--seed', '4'), refusal(64, /--seed 4: .* begun with 3/));
  assert.throws(
    () => configOf('--resume', folder, '--preset', 'svhn'),
    refusal(64, /--preset is for a new run/),
  );
  assert.throws(() => configOf('--resume', '/nowhere'), refusal(65, /nowhere/));
});

test('a run that goes on says what its preset must say, and its file can be begun with anew', () => {
  const folder = createRunFolder(join(temporaryFolder(), 'run'), { host: 'box', pid: 1, startedAt: '' });
  const { config, notices, preset } = configOf('--preset', 'svhn-2017', '--seed', '3');
  folder.writeConfig(config, preset);
  assert.equal(notices.length, 2);
  for (const again of [
    ['--resume', folder.path],
    ['--config', join(folder.path, 'config.yaml')],
  ]) {
    const loaded = configOf(...again);
    assert.deepEqual([loaded.config, loaded.notices, loaded.preset], [config, notices, preset]);
  }
});
