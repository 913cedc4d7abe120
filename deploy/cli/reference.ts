/**
 * The reference of all commands, docs/cli.md: what `--help` says of each, made from the same source.
 * `node --import tsx deploy/cli/write-reference.ts` writes it anew; a test says when it is old.
 */
import { commands } from './commands.ts';
import { helpText } from './parser.ts';

export const referenceFile = new URL('../../docs/cli.md', import.meta.url);

export interface CommandHelp {
  readonly words: readonly string[]; // that name it: ['data', 'fetch']
  readonly help: string;
}

/** Without those that are not for people. */
const shown = commands.filter(({ describe }) => describe !== false);

/** Of every command, and after each that of its own ones. */
export async function allHelp(): Promise<CommandHelp[]> {
  const found: CommandHelp[] = [];
  for (const { name } of shown) found.push(...(await helpOf([name])));
  return found;
}

async function helpOf(words: readonly string[]): Promise<CommandHelp[]> {
  const help = await helpText(words);
  const listed = help.matchAll(new RegExp(`^ {2}lockstep ${words.join(' ')} ([a-z-]+)`, 'gm'));
  const commandsOnly = /^Commands:$/m.test(help) ? [...listed].map(([, name]) => name!) : [];
  const inner: CommandHelp[] = [];
  for (const name of new Set(commandsOnly)) inner.push(...(await helpOf([...words, name])));
  return [{ words, help: withoutCommonFlags(help) }, ...inner];
}

/** docs/cli.md as a whole. */
export async function reference(): Promise<string> {
  const helps = await allHelp();
  const lines = [
    '# The command line',
    '',
    'What `lockstep COMMAND --help` says of each; in a clone, or a project that it was installed into, the command is',
    '`npx lockstep`. This page is generated from the same source: `node --import tsx deploy/cli/write-reference.ts`.',
    '',
    '| command | |',
    '|---|---|',
    ...shown.map(({ name, describe }) => `| [${name}](#lockstep-${name}) | ${describe} |`),
  ];
  for (const { words, help } of helps) {
    const depth = '#'.repeat(words.length + 1);
    lines.push('', `${depth} lockstep ${words.join(' ')}`, '', '```', help.trim(), '```');
  }
  return `${lines.join('\n')}\n`;
}

/** Every command has these two, and an `Options:` of nothing else says nothing. */
const withoutCommonFlags = (help: string): string =>
  help
    .replace(/^ +(--version|-h, --help) .*\n?/gm, '')
    .replace(/^Options:\n(?=\n|$)/m, '')
    .replace(/\n{3,}/g, '\n\n');
