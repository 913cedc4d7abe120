/** docs/cli.md and the help that it is made of: up to date, and with examples that the command line takes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createParser, helpText } from '../../../deploy/cli/parser.ts';
import { allHelp, reference, referenceFile } from '../../../deploy/cli/reference.ts';

test('docs/cli.md is what the commands say', async () => {
  const remedy = 'docs/cli.md is old: node --import tsx deploy/cli/write-reference.ts';
  assert.ok(readFileSync(referenceFile, 'utf8') === (await reference()), remedy);
});

test('every command gives examples', async () => {
  const without = (await allHelp()).filter(({ help }) => !/^Examples:$/m.test(help));
  assert.deepEqual(
    without.map(({ words }) => words.join(' ')),
    [],
  );
});

test('the command line takes every example of its help', async () => {
  const lines = [await helpText([], null)];
  for (const { words } of await allHelp()) lines.push(await helpText(words, null));
  const examples = new Set(lines.flatMap(examplesIn));
  assert.ok(examples.size > 40, `${examples.size} examples`);
  for (const example of examples) assert.ok(await isTaken(wordsOf(example)), example);
});

/** Without what the shell makes of it. */
const wordsOf = (example: string): string[] =>
  [...(/lockstep ([^<>)|]*)/.exec(example)?.[1] ?? '').matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, bare]) => quoted ?? bare ?? '',
  );

const examplesIn = (help: string): string[] => {
  const section = help.split('\nExamples:\n')[1]?.split('\n\n')[0] ?? '';
  return section.split('\n').map((line) => line.trim().split(/ {2,}/)[0]!);
};

/** Whether the words pass all checks of the parser; what they name does not run. */
async function isTaken(words: readonly string[]): Promise<boolean> {
  const accepted = new Error('accepted');
  const parser = await createParser(words, '1.2.3', null);
  parser.middleware(() => {
    throw accepted;
  });
  try {
    await parser.parseAsync();
  } catch (error) {
    if (error === accepted) return true;
    throw error;
  }
  return false;
}
