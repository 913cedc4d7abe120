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

test('a value outside of its choices is refused with all of them, and the one that was meant', async () => {
  await refused(
    'evaluate x --split tset',
    /^--split got "tset", expected one of training, .*; did you mean test\?$/,
  );
  await refused('data fetch shvn', /^name got "shvn", expected svhn; did you mean svhn\?$/);
  await refused(
    'evaluate x --split mnist --runtime gpus',
    /^--split got "mnist", .*; --runtime got "gpus", ex/,
  );
  await refused(
    'data fetch svhn --split a b',
    /^--split got "a" and "b", expected one of train, test, extra$/,
  );
  await refused('evaluate x --split=a"b', /^--split got "a\\"b", expected/);
});

test('a switch takes no value but true and false', async () => {
  await refused('train --json=abc', /^--json got "abc", but is a switch: write --json alone$/);
  await refused('evaluate x --bits-per-dimension=', /^--bits-per-dimension got "", but is a switch/);
  await refused('train --json=false --epochs=no --print-config', /^--epochs got "no"/);
});

test('what is missing is named, and what excludes each other', async () => {
  await refused('worker', /^--connect must be given: see lockstep worker --help$/);
  await refused('evaluate', /^evaluate got 0 names, expected at least 1: write lockstep evaluate <path>$/);
  await refused(
    'data fetch',
    /^data fetch got 0 names, expected at least 1: write lockstep data fetch <name>$/,
  );
  await refused(
    'evaluate x --data a --split test',
    /^--data and --split exclude each other: leave out either$/,
  );
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
    assert.ok((describe || entry.describe === false) && typeof handler === 'function', entry.name);
  }
});
