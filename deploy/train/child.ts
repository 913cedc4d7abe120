/**
 * A `lockstep` process of ours: started, listened to, ended.
 *
 * It gets a session of its own, so that Ctrl-C on the terminal reaches the parent alone, which decides who is
 * told. It learns of its parent's death through the channel between them, which closes whatever the death was.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

export interface ChildOptions {
  readonly entry: string; // the command's own file
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** `inherit` shows what it writes; else each line goes to the callback. */
  readonly output: 'inherit' | ((line: string, stream: 'stdout' | 'stderr') => void);
  /** Open files that it gets as its descriptors from `firstDescriptor` on; the caller closes its own. */
  readonly descriptors?: readonly number[];
  readonly onMessage: (message: unknown) => void;
}

export interface Exit {
  readonly code: number; // 128 + signal where a signal ended it
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number | undefined;
  readonly exited: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
  /** Through the channel between us; a child that is gone hears nothing. */
  tell(message: string): void;
}

const signalNumbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

/** Of a child's `descriptors`: behind its standard streams and the channel to us. */
export const firstDescriptor = 4;

export function startChild(options: ChildOptions): Child {
  const { entry, args, environment, output, onMessage, descriptors = [] } = options;
  const shown = output === 'inherit' ? 'inherit' : 'pipe';
  const streams: StdioOptions = ['ignore', shown, shown, 'ipc', ...descriptors];
  const child: ChildProcess = spawn(process.execPath, [entry, ...args], {
    env: environment,
    stdio: streams,
    detached: true,
  });
  child.on('message', onMessage);
  const closed: Promise<unknown>[] = [];
  if (output !== 'inherit') {
    for (const stream of ['stdout', 'stderr'] as const) {
      const lines = createInterface({ input: child[stream]! });
      lines.on('line', (line) => output(line, stream));
      closed.push(new Promise((resolve) => lines.once('close', resolve)));
    }
  }
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const exit = { code: code ?? 128 + ((signal && signalNumbers[signal]) ?? 0), signal };
      void Promise.all(closed).then(() => resolve(exit));
    });
  });
  return {
    pid: child.pid,
    exited,
    kill: (signal) => void child.kill(signal),
    tell: (message) => void child.send(message, () => {}),
  };
}

/** A log of lines in a file, whose last ones are kept to explain a failure. */
export interface LineLog {
  add(line: string): void;
  last(): readonly string[];
  close(): void;
}

const keptLines = 5;

/** @param say told once when the file cannot be written any more; the last lines are kept all the same */
export function createLineLog(path: string, say: (line: string) => void): LineLog {
  let file: WriteStream | null = createWriteStream(path, { flags: 'a' });
  let kept: string[] = [];
  file.on('error', ({ message }) => {
    file = null;
    say(`${path} cannot be written, and its lines are lost from now on: ${message}`);
  });
  return {
    add(line) {
      kept = [...kept, line].slice(-keptLines);
      file?.write(`${line}\n`);
    },
    last: () => kept,
    close: () => file?.end(),
  };
}
