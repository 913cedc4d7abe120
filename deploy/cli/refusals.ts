/**
 * What is said of a command line that is wrong: yargs finds it, and here it gets the words that were typed, and
 * the name that was probably meant.
 */
import { usageError, type LockstepError } from '../../shared/errors.ts';
import { kebabCase } from '../../shared/runtime/field.ts';
import { nearestName } from '../../shared/runtime/nearest.ts';
import { commands } from './commands.ts';

/** What yargs knows of the command at hand; its types leave it out. */
interface Usage {
  getDescriptions(): Readonly<Record<string, string>>; // by flag
  getCommands(): readonly (readonly [usage: string, ...unknown[]])[];
}

/** yargs makes NaN of `--rows abc`. @returns true. @throws LockstepError (64) */
export function refuseNaN(values: Readonly<Record<string, unknown>>, words: readonly string[]): true {
  for (const [name, value] of Object.entries(values)) {
    if (![value].flat().some((each) => Number.isNaN(each))) continue;
    const flag = `--${kebabCase(name)}`;
    throw usageError(
      `${flag} got ${JSON.stringify(textOf(flag, words))}, expected a number: ${helpOf(words)}`,
    );
  }
  return true;
}

/** @param message of yargs, in English */
export function refuseWords(message: string, words: readonly string[], usage: unknown): LockstepError {
  const unknown = /^Unknown (?:argument|command)s?: (.*)$/.exec(message)?.[1]?.split(', ')[0];
  if (unknown === undefined) {
    const [line] = message.trim().split('\n');
    return usageError(`${line}: ${helpOf(words)}`);
  }
  const word = words.find((each) => bare(each) === bare(unknown))?.replace(/=.*$/s, '') ?? unknown;
  const { getDescriptions, getCommands } = usage as Usage;
  const isFlag = word.startsWith('-');
  const known = isFlag
    ? Object.keys(getDescriptions()).filter((name) => name.length > 1)
    : getCommands().map(([line]) => line.replace(/^lockstep /, '').replace(/ [<[].*$/, ''));
  const no = isFlag && word.startsWith('--no-') ? 'no-' : '';
  const near = nearestName(
    isFlag ? bare(word) : word,
    isFlag ? known : known.flatMap((name) => name.split(' ').at(-1) ?? []),
  );
  const remedy = near === null ? helpOf(words) : `did you mean ${isFlag ? `--${no}` : ''}${near}?`;
  if (!isFlag && known.length === 0) return usageError(`${word} is not expected here: ${helpOf(words)}`);
  return usageError(`${word} is not a ${isFlag ? 'flag' : 'command'}${ofCommand(words, word)}: ${remedy}`);
}

function textOf(flag: string, words: readonly string[]): string {
  const at = words.findIndex((word) => word === flag || word.startsWith(`${flag}=`));
  return words[at]?.split('=', 2)[1] ?? words[at + 1] ?? '';
}

const bare = (word: string): string =>
  word
    .replace(/^-+(no-)?/, '')
    .replace(/=.*$/s, '')
    .replaceAll('-', '')
    .toLowerCase();

const commandOf = (words: readonly string[]): string | undefined =>
  commands.find(({ name }) => name === words[0])?.name;

const ofCommand = (words: readonly string[], word: string): string => {
  const command = commandOf(words);
  return command === undefined || command === word ? '' : ` of ${command}`;
};

const helpOf = (words: readonly string[]): string =>
  ['see lockstep', commandOf(words), '--help'].filter(Boolean).join(' ');
