/**
 * The launcher's process on a box, at the other end of ssh: it answers questions about the box, and starts, tells
 * of, and ends the processes of a run.
 *
 * Nothing of it outlives its launcher: when its standard input ends, or no word comes for so long that the link
 * must be dead, it ends its processes, by force in the end, and itself. A link that heals before is no matter.
 */
import { availableParallelism, hostname } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import { LockstepError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import { visibleGpus } from '../../shared/model/runtimes/device.ts';
import { packageVersion } from '../cli/version.ts';
import { createLineLog, type LineLog } from '../train/child.ts';
import { createAgentChildren } from './agent-children.ts';
import { answer } from './checks/answer.ts';
import { closePort } from './checks/ports.ts';
import { codeDigest } from './code-digest.ts';
import { decodeToBox, encode, wireVersion, type FromBox, type Hello, type ToBox } from './wire.ts';

export interface AgentOptions {
  readonly entry: string; // the command's own file
  readonly environment: NodeJS.ProcessEnv;
  readonly timeoutMs: number; // without a word, after which the link is dead
  readonly input: Readable;
  readonly output: Writable; // never waited for: a dead link must not hold us
  readonly clock: Clock;
  /** Given what ends the box's part, as a signal does. */
  readonly onStoppable: (stop: () => void) => void;
}

const mostWaitingBytes = 4 * 2 ** 20; // of lines that nobody fetches

/** @returns once everything that it started is gone */
export function runAgent(options: AgentOptions): Promise<void> {
  const { clock, output, timeoutMs } = options;
  const say = (message: FromBox): void => {
    if (message.type === 'line' && output.writableLength > mostWaitingBytes) return;
    output.write(encode(message));
  };
  const children = createAgentChildren({ ...options, say });
  const logs = createLogs();
  return new Promise((resolve) => {
    let isEnding = false;
    let cancel = (): void => undefined;
    const end = (): void => {
      if (isEnding) return;
      isEnding = true;
      cancel();
      void Promise.all([children.end(), closePort()]).finally(() => {
        logs.close();
        resolve();
      });
    };
    const heard = (): void => {
      cancel();
      if (!isEnding) cancel = clock.after(timeoutMs, end);
    };
    const carryOut = (message: ToBox): void => {
      switch (message.type) {
        case 'ping':
          return say({ type: 'pong' });
        case 'check':
          return void reply(message.id, answer(message.check, options), say);
        case 'start':
          return isEnding ? undefined : children.start(message.id, message);
        case 'signal':
          return children.signal(message.id, message.signal);
        case 'tell':
          return children.tell(message.id, message.message);
        case 'log':
          return logs.add(message.path, message.line);
        case 'end':
          return end();
        default:
          return message satisfies never;
      }
    };
    options.onStoppable(end);
    output.on('error', end);
    const lines = createInterface({ input: options.input });
    lines.on('line', (line) => {
      heard();
      carryOut(decodeToBox(line));
    });
    lines.once('close', end);
    heard();
    say(hello(options.environment));
  });
}

async function reply(id: number, asked: Promise<unknown>, say: (message: FromBox) => void): Promise<void> {
  try {
    say({ type: 'answer', id, value: await asked, problem: null });
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    const { message, exitCode } = error;
    say({ type: 'answer', id, value: null, problem: { message, exitCode } });
  }
}

/** The logs of ranks, whose lines come by way of the launcher to the box that has the run folder. */
function createLogs() {
  const logs = new Map<string, LineLog>();
  const say = (line: string): void => void process.stderr.write(`lockstep: ${line}\n`);
  return {
    add(path: string, line: string): void {
      const log = logs.get(path) ?? createLineLog(path, say);
      logs.set(path, log);
      log.add(line);
    },
    close: () => logs.forEach((log) => log.close()),
  };
}

const hello = (environment: NodeJS.ProcessEnv): Hello => ({
  type: 'hello',
  wire: wireVersion,
  version: packageVersion(),
  code: codeDigest(),
  node: process.versions.node,
  hostname: hostname(),
  cores: availableParallelism(),
  gpus: visibleGpus(environment).map(({ index, name, driver }) => ({ index, name, driver })),
});
