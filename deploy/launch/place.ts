/**
 * How to get at a box: a two-way stream to a `lockstep box` on it, by the system's ssh with its configuration and
 * keys, or as a process of ours where the box is this one.
 *
 * Each gets a session of its own, so that Ctrl-C on the terminal reaches the launcher alone, which decides who is
 * told. When the launcher is gone, whatever its end, the stream ends, and with it what is at its other end.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { shellLine } from '../sweep/words.ts';
import { isHere } from './hosts.ts';

export interface Pipe {
  write(text: string): void;
  /** Told each line that comes. */
  onLine(callback: (line: string) => void): void;
  /** Settles with why, in words, when nothing will come any more. */
  readonly ended: Promise<string>;
  kill(): void;
}

/** Opens a pipe to the box of that name; what goes wrong shows in how it ends. */
export type Place = (name: string) => Pipe;

export interface PlaceOptions {
  readonly entry: string; // the command's own file, there
  readonly localEntry: string; // here
  readonly environment: NodeJS.ProcessEnv;
  readonly ssh: readonly string[]; // the words of the ssh client
  /** The shell's words that start lockstep there; null: as it was started here, at the same path. */
  readonly remoteCommand: string | null;
  readonly folder: string; // to be in, where the box has it
  readonly timeoutSeconds: number; // see runAgent
}

const connectTimeoutSeconds = 20;
const keptChars = 500;

/** By ssh, but for the box that we are on. */
export function createPlace(options: PlaceOptions): Place {
  const box = ['box', '--timeout', String(options.timeoutSeconds)];
  return (name) => openPipe(commandOn(name, box, options), options.environment, isHere(name));
}

/** What to run here for `lockstep WORDS` to run on a box, with its standard streams. */
export function commandOn(name: string, words: readonly string[], options: PlaceOptions): string[] {
  if (isHere(name)) return [process.execPath, options.localEntry, ...words];
  return [...options.ssh, ...sshOptions(options.timeoutSeconds), name, remoteLine(options, words)];
}

/** Never asks for a password, which would wait for ever; and gives up a dead link a little later than we would. */
const sshOptions = (timeoutSeconds: number): string[] => [
  '-T',
  '-x',
  '-a',
  '-oBatchMode=yes',
  `-oConnectTimeout=${connectTimeoutSeconds}`,
  `-oServerAliveInterval=${Math.ceil(timeoutSeconds / 10)}`,
  '-oServerAliveCountMax=12',
  '-oControlPath=none', // a master that others share would outlive us, and could be cut by them
  '--',
];

function remoteLine({ entry, remoteCommand, folder }: PlaceOptions, words: readonly string[]): string {
  const command =
    remoteCommand === null ? nodeLine(entry, words) : `exec ${remoteCommand} ${shellLine(words)}`;
  return shellLine(['sh', '-c', `cd ${shellLine([folder])} 2>/dev/null; ${command}`]);
}

/** With the node that is at the same place as ours, or else the one that is found. */
function nodeLine(entry: string, words: readonly string[]): string {
  const [node, file, started] = [
    shellLine([process.execPath]),
    shellLine([entry]),
    shellLine([entry, ...words]),
  ];
  return (
    `[ -e ${file} ] || { echo no lockstep is at ${file} >&2; exit 127; }; ` +
    `if [ -x ${node} ]; then exec ${node} ${started}; else exec node ${started}; fi`
  );
}

/** @param isOurs whether the program is the box's own process, and not a way to it */
function openPipe(
  [program = '', ...args]: readonly string[],
  environment: NodeJS.ProcessEnv,
  isOurs: boolean,
): Pipe {
  const child = spawn(program, args, { env: environment, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-keptChars)));
  child.stdin.on('error', () => undefined); // shows in how it ends
  const lines = createInterface({ input: child.stdout });
  const ended = new Promise<string>((resolve) => {
    child.once('error', ({ message }) => resolve(`${program} could not be started: ${message}`));
    child.once('close', (code, signal) => {
      const last = said.trim().split(/\r?\n/).at(-1)?.trim() ?? '';
      resolve(last === '' ? `${program} ended with ${signal ?? `exit code ${code}`}` : last);
    });
  });
  return {
    write: (text) => void child.stdin.write(text),
    onLine: (callback) => void lines.on('line', callback),
    ended,
    kill() {
      child.stdin.destroy(); // ends what is at the other end, wherever that is
      if (!isOurs) child.kill('SIGKILL');
    },
  };
}

/** The words of a command as a shell splits it, quotes and all; nothing else of a shell is understood. */
export function splitWords(text: string): string[] {
  const words = text.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double, single) => String(double ?? single)),
  );
}
