/** The command line in this process: what is refused, with which words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands, loadCommand } from '../../../deploy/cli/commands.ts';
import { runCommandLine } from '../../../deploy/cli/parser.ts';
import { LockstepError } from '../../../shared/errors.ts';

const refused = async (line: string, pattern: RegExp): Promise<void> =>
  assert.rejects(runCommandLine(line.split(' '), '1.2.3'), (error: unknown) => {
    assert.ok(error instanceof LockstepError, String(error));
    assert.match(error.message, pattern);
    assert.doesNotMatch(error.message, /\n/);
    assert.equal(error.exitCode, 64);
    return true;
  });

test('an unknown command or flag is refused with the one that was meant', async () => {
  await refused('trian', /^trian is not a command: did you mean train\?$/);
  await refused('train --bach-size 3', /^--bach-size is not a flag of train: did you mean --batch-size\?$/);
  await refused('train --no-witen', /did you mean --no-whiten\?$/);
  await refused('data nfo x', /^nfo is not a command of data: did you mean info\?$/);
  await refused('--zzzzzz', /^--zzzzzz is not a flag: see lockstep --help$/);
  await refused('train foo', /^foo is not expected here: see lockstep train --help$/);
});

test('text for a number is refused, in whatever command', async () => {
  await refused('data synthesize --rows abc x.mat', /^--rows got "abc", expected a number/);
  await refused('data synthesize --rows=abc x.mat', /^--rows got "abc", expected a number/);
});

test('a negative value belongs to the flag before it', async () => {
  await refused(
    'train --print-config --learning-rate -1e-3',
    /^--learning-rate got -0.001, expected a positive/,
  );
  await refused('train --print-config --learning-rate -.5', /^--learning-rate got -0.5, expected a positive/);
});

test('every command in the list is a module that yargs can take, under its name', async () => {
  for (const entry of commands) {
    const { command, describe, handler } = await loadCommand(entry);
    assert.equal([command].flat()[0]?.split(' ')[0], entry.name);
    assert.ok(describe && typeof handler === 'function', entry.name);
  }
});
