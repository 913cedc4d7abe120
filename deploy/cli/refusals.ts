/**
 * What is said of a command line that is wrong: yargs finds it, and here it gets the words that were typed, and
 * the name that was probably meant.
 */
import { usageError, type LockstepError } from '../../shared/errors.ts';
import { kebabCase } from '../../shared/runtime/field.ts';
import { didYouMean, nearestName } from '../../shared/runtime/nearest.ts';
import { commands } from './commands.ts';

/** What yargs knows of the command at hand; its types leave it out. */
interface Usage {
  getDescriptions(): Readonly<Record<string, string>>; // by flag
  getUsage(): readonly (readonly [pattern: string, ...unknown[]])[]; // of the command
  getCommands(): readonly (readonly [usage: string, ...unknown[]])[];
}

/** yargs makes NaN of `--rows abc`. @returns true. @throws LockstepError (64) */
export function refuseNaN(values: Readonly<Record<string, unknown>>, words: readonly string[]): true {
  for (const [name, value] of Object.entries(values)) {
    if (![value].flat().some((each) => Number.isNaN(each))) continue;
    const flag = flagOf(name);
    throw usageError(
      `${flag} got ${JSON.stringify(textOf(flag, words))}, expected a number: ${helpOf(words)}`,
    );
  }
  return true;
}

/** yargs makes false of `--json=abc`. @param options of yargs. @returns true. @throws LockstepError (64) */
export function refuseValuesOfSwitches(options: unknown, words: readonly string[]): true {
  const switches = (options as { readonly boolean: readonly string[] }).boolean.map(bare);
  for (const word of words) {
    const [, flag, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    if (flag === undefined || !switches.includes(bare(flag)) || value === 'true' || value === 'false')
      continue;
    throw usageError(`${flag} got ${JSON.stringify(value)}, but is a switch: write ${flag} alone`);
  }
  return true;
}

/** @param message of yargs, in English */
export function refuseWords(message: string, words: readonly string[], usage: unknown): LockstepError {
  const unknown = /^Unknown (?:argument|command)s?: (.*)$/.exec(message)?.[1]?.split(', ')[0];
  if (unknown !== undefined) return refuseUnknown(unknown, words, usage as Usage);
  const values = [...message.matchAll(/^ {2}Argument: (.+), Given: (.+), Choices: (.+)$/gm)];
  if (values.length > 0) {
    return usageError(values.map(([, name, ...lists]) => sayChoice(name!, lists, words)).join('; '));
  }
  const missing = /^Missing required arguments?: (.*)$/m.exec(message)?.[1]?.split(', ');
  if (missing !== undefined) {
    return usageError(`${missing.map(flagOf).join(' and ')} must be given: ${helpOf(words)}`);
  }
  const [, one, other] = /^Arguments (\S+) and (\S+) are mutually exclusive$/.exec(message) ?? [];
  if (one !== undefined && other !== undefined) {
    return usageError(`${flagOf(one)} and ${flagOf(other)} exclude each other: leave out either`);
  }
  const counts = /: got (\d+), need at least (\d+)$/.exec(message);
  if (counts !== null) {
    const pattern = (usage as Usage).getUsage().at(-1)?.[0].replace('$0 ', '') ?? ''; // data fetch <name>
    const command = pattern.replace(/ [<[].*$/, '');
    return usageError(
      `${command} got ${counts[1]} names, expected at least ${counts[2]}: write lockstep ${pattern}`,
    );
  }
  return usageError(`${message.trim().replaceAll(/\s*\n\s*/g, ' ')}: ${helpOf(words)}`);
}

function refuseUnknown(unknown: string, words: readonly string[], usage: Usage): LockstepError {
  const word = words.find((each) => bare(each) === bare(unknown))?.replace(/=.*$/s, '') ?? unknown;
  const isFlag = word.startsWith('-');
  const known = isFlag
    ? Object.keys(usage.getDescriptions()).filter((name) => name.length > 1)
    : usage.getCommands().map(([line]) => line.replace(/^lockstep /, '').replace(/ [<[].*$/, ''));
  const no = isFlag && word.startsWith('--no-') ? 'no-' : '';
  const near = nearestName(
    isFlag ? bare(word) : word,
    isFlag ? known : known.flatMap((name) => name.split(' ').at(-1) ?? []),
  );
  const remedy = near === null ? helpOf(words) : `did you mean ${isFlag ? `--${no}` : ''}${near}?`;
  if (!isFlag && known.length === 0) return usageError(`${word} is not expected here: ${helpOf(words)}`);
  return usageError(`${word} is not a ${isFlag ? 'flag' : 'command'}${ofCommand(words, word)}: ${remedy}`);
}

/** @param lists what was given, and what there is to choose from: JSON with commas in between */
function sayChoice(name: string, lists: readonly string[], words: readonly string[]): string {
  const [given = [], choices = []] = lists.map((list) => JSON.parse(`[${list}]`) as unknown[]);
  const isFlag = words.some((word) => word.startsWith('--') && bare(word) === bare(name));
  const expected = choices.length === 1 ? String(choices[0]) : `one of ${choices.join(', ')}`;
  const hint = didYouMean(String(given[0]), choices.map(String));
  const got = given.map((value) => JSON.stringify(value)).join(' and ');
  return `${isFlag ? flagOf(name) : name} got ${got}, expected ${expected}${hint}`;
}

const flagOf = (name: string): string => `--${kebabCase(name)}`;

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
