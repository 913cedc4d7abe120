/**
 * The command line as a whole: strict, in English wherever it runs, and every refusal a usage error (64).
 */
import assert from 'node:assert/strict';
import yargs, { type Argv } from 'yargs';
import { exitCodes } from '../../shared/errors.ts';
import { commands, loadCommand } from './commands.ts';
import { completionOf } from './completion.ts';
import type { Arguments } from './config-flags.ts';
import { splitLaunch } from './launch-words.ts';
import { refuseNaN, refuseValuesOfSwitches, refuseWords } from './refusals.ts';

const widest = 110; // columns

/**
 * Parses the words and runs the command that they name; without any, shows the help and sets exit code 64.
 * @throws LockstepError (64) for a command line that is wrong, or what the command itself throws
 */
export async function runCommandLine(given: readonly string[], version: string): Promise<void> {
  const words = joinNegatives(given);
  const parser = await createParser(words, version, Math.min(widest, process.stdout.columns ?? widest));
  if (words.length > 0) return void (await parser.parseAsync());
  process.stderr.write(`${await parser.getHelp()}\n`);
  process.exitCode = exitCodes.usage;
}

/** What `--help` says. @param given words that name a command @param width in columns; null for no limit */
export async function helpText(given: readonly string[], width: number | null = widest): Promise<string> {
  const parser = await createParser(given, '', width);
  let text = '';
  await parser.parseAsync([...given, '--help'], {}, (_error, _argv, output) => void (text = output));
  return text;
}

/** Knows all commands, and in full those that are named. @param width of its help */
export async function createParser(
  given: readonly string[],
  version: string,
  width: number | null,
): Promise<Argv> {
  const own = isForSlurm(given) ? ['launch', '--slurm'] : splitLaunch(given).own;
  const parser = addCommonParts(yargs(own), own, version, width);
  for (const entry of commands) {
    if (own.includes(entry.name)) parser.command(await loadCommand(entry));
    else if (entry.describe !== false) parser.command(entry.name, entry.describe);
  }
  return parser;
}

/**
 * Parses the words of a command without running it, for a command that does the same elsewhere.
 * @param given from the command's name on
 * @returns null where they ask for help, which is shown. @throws LockstepError (64) as `runCommandLine`
 */
export async function readCommandLine(given: readonly string[], version: string): Promise<Arguments | null> {
  const words = joinNegatives(given);
  const entry = commands.find(({ name }) => name === words[0]);
  assert(entry !== undefined);
  let found: Arguments | null = null;
  const command = await loadCommand(entry);
  const width = Math.min(widest, process.stdout.columns ?? widest);
  await addCommonParts(yargs([...words]), words, version, width)
    .command({ ...command, handler: (values) => void (found = values) })
    .parseAsync();
  return found;
}

function addCommonParts(parser: Argv, words: readonly string[], version: string, width: number | null): Argv {
  return parser
    .scriptName('lockstep')
    .locale('en')
    .parserConfiguration({ 'parse-numbers': false, 'dot-notation': false, 'strip-dashed': true })
    .usage('$0 <command>\n\nSynchronous, elastic, bit-reproducible data-parallel training')
    .wrap(width)
    .version(version)
    .help()
    .alias('help', 'h')
    .completion('completion-script', false, completionOf(words)) // ours: commands/completion.ts
    .exitProcess(false)
    .strict()
    .check((values, options) => refuseNaN(values, words) && refuseValuesOfSwitches(options, words))
    .fail((message, error, usage) => {
      const isOurs = error instanceof Error && error.name !== 'YError'; // of a command, not about the words
      throw isOurs ? error : refuseWords(message, words, usage);
    })
    .example('$0 train', 'trains on synthetic street digits: two minutes on two cores')
    .example('$0 train --data train-images-idx3-ubyte.gz --epochs 3', 'trains on images of your own')
    .example('$0 doctor', 'says what is here and what is missing')
    .epilogue('$0 <command> --help tells more of each.');
}

/** With `--slurm`, `launch` reads all other words itself: most of them are those of sbatch. */
const isForSlurm = (given: readonly string[]): boolean => given[0] === 'launch' && given.includes('--slurm');

/** `--learning-rate -1e-3` is a flag and its value, which yargs sees only in `-1`. */
function joinNegatives(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const flag = joined.at(-1);
    if (/^-\.?\d/.test(word) && flag?.startsWith('--') && !flag.includes('='))
      joined.splice(-1, 1, `${flag}=${word}`);
    else joined.push(word);
  }
  return joined;
}
