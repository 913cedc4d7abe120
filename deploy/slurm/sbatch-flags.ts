/**
 * The words between `launch` and `train` or `sweep`: a few of our own, and sbatch's options, which are passed on.
 *
 * They are told apart as sbatch itself would: an option takes the next word unless it is a switch. What the job
 * script needs to be as it is may not be said by hand; each such option is refused with what to say instead.
 */
import { usageError } from '../../shared/errors.ts';
import { dataWordsOf } from '../launch/request.ts';

export interface SbatchFlag {
  readonly name: string; // the long one, without dashes
  readonly value: string | null; // null of a switch
}

export interface SlurmWords {
  readonly print: boolean; // the script, and submit nothing
  readonly saveBeforeSeconds: number; // the time limit
  readonly arrayLimit: number | null; // trials at a time
  readonly data: readonly string[]; // words of each worker: how it comes by rows
  readonly flags: readonly SbatchFlag[];
  readonly command: readonly string[]; // from `train` or `sweep` on
}

/** @param words after `launch`. @throws LockstepError (64) */
export function readSlurmWords(words: readonly string[]): SlurmWords {
  const flags: SbatchFlag[] = [];
  let [print, saveBeforeSeconds, arrayLimit] = [false, 120, null as number | null];
  const data: Record<string, unknown> = {};
  let index = 0;
  for (; index < words.length && words[index] !== 'train' && words[index] !== 'sweep'; index++) {
    const word = words[index]!;
    const { name, attached } = nameOf(word);
    const isSwitch = attached !== null || switches.includes(name);
    const value = attached ?? (isSwitch ? null : words[++index]);
    if (value === undefined) throw usageError(`${word} got no value, expected one: write --${name}=VALUE`);
    if (name === 'slurm') continue;
    else if (name === 'print') print = true;
    else if (name === 'save-before') saveBeforeSeconds = naturalOf(name, value);
    else if (name === 'array-limit') arrayLimit = naturalOf(name, value);
    else if (name === 'copy-data') data['copyData'] = true;
    else if (name === 'stream-data') data['streamData'] = true;
    else if (name === 'data-dir') data['dataDir'] = value;
    else flags.push(checkFlag({ name, value }, word));
  }
  const command = words.slice(index);
  if (command.length === 0)
    throw usageError('launch --slurm got no command: write train or sweep after the options of sbatch');
  if (arrayLimit !== null && command[0] === 'train')
    throw usageError('--array-limit is of a sweep: leave it out, or write sweep instead of train');
  return { print, saveBeforeSeconds, arrayLimit, data: dataWordsOf(data).words, flags, command };
}

export const valueOf = (flags: readonly SbatchFlag[], name: string): string | null =>
  flags.findLast((flag) => flag.name === name)?.value ?? null;

/** As it stands in a job script. @throws LockstepError (64) for what cannot stand on a line */
export function wordOf({ name, value }: SbatchFlag): string {
  if (value === null) return `--${name}`;
  if (/[\n\r]/.test(value)) throw usageError(`--${name} got a value of several lines, expected one`);
  return `--${name}=${quoted(value)}`;
}

/** sbatch reads its lines in a script as a shell would, almost. */
const quoted = (value: string): string =>
  /^[\w./@%+,:=~*[\]-]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;

/** `--nodes=3`, `--nodes`, `-N3` and `-N` are all of `nodes`. */
function nameOf(word: string): { readonly name: string; readonly attached: string | null } {
  const long = /^--([a-z][a-z-]*)(?:=(.*))?$/s.exec(word);
  if (long !== null) return { name: long[1]!, attached: long[2] ?? null };
  const short = /^-([A-Za-z])(.*)$/s.exec(word);
  const name = short === null ? undefined : shortNames[short[1]!];
  if (name === undefined)
    throw usageError(
      `launch --slurm got ${JSON.stringify(word)}, expected an option of sbatch, train or sweep`,
    );
  const attached = short![2]!;
  return { name, attached: attached === '' ? null : attached };
}

function checkFlag(flag: SbatchFlag, word: string): SbatchFlag {
  const remedy = ours[flag.name];
  if (remedy !== undefined) throw usageError(`${word} cannot be given, since the job script ${remedy}`);
  return flag;
}

function naturalOf(name: string, text: string | null): number {
  const value = Number(text);
  if (text !== null && /^\d+$/.test(text) && value >= 1 && value <= 65_535) return value;
  throw usageError(`--${name} got ${JSON.stringify(text)}, expected an integer from 1 to 65535`);
}

/** What the script says itself, and what to do instead. */
const ours: Readonly<Record<string, string>> = {
  array: 'makes the array of a sweep itself: --array-limit N says how many trials may run at a time',
  signal: 'is signalled before the time limit already: --save-before SECONDS says how long before',
  chdir: 'stays in this folder: start lockstep in the one that is meant',
  wrap: 'is what is submitted',
  'open-mode': 'adds to its log after a requeue',
  input: 'reads nothing',
  parsable: 'is submitted so, and the job id is on standard output anyway',
  gres: 'asks for GPUs by task: write --gpus-per-node N',
  'ntasks-per-gpu': 'runs one task a GPU',
  'gpus-per-socket': 'asks for GPUs by task: write --gpus-per-node N',
  host: 'runs where Slurm says: --nodelist NAMES asks for boxes',
};

/** Of sbatch 20.11 and later, and ours: options that never take the next word. */
const switches: readonly string[] =
  'contiguous copy-data exclusive get-user-env hold ignore-pbs nice no-kill no-requeue overcommit oversubscribe print propagate quiet reboot requeue slurm spread-job stream-data test-only use-min-nodes verbose wait'.split(
    ' ',
  );

const shortNames: Readonly<Record<string, string>> = {
  A: 'account',
  B: 'extra-node-info',
  C: 'constraint',
  D: 'chdir',
  F: 'nodefile',
  G: 'gpus',
  H: 'host',
  J: 'job-name',
  L: 'licenses',
  M: 'clusters',
  N: 'nodes',
  O: 'overcommit',
  Q: 'quiet',
  S: 'core-spec',
  W: 'wait',
  a: 'array',
  b: 'begin',
  c: 'cpus-per-task',
  d: 'dependency',
  e: 'error',
  k: 'no-kill',
  m: 'distribution',
  n: 'ntasks',
  o: 'output',
  p: 'partition',
  q: 'qos',
  s: 'oversubscribe',
  t: 'time',
  v: 'verbose',
  w: 'nodelist',
  x: 'exclude',
};
