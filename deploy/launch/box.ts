/** A box as the launcher has it, while the link to it holds: questions and answers, processes and what they say. */
import { LockstepError, unavailableError, type ExitCode } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import type { Exit } from '../train/child.ts';
import type { Listening } from '../train/supervise.ts';
import { answers, type Answer, type Check } from './checks/schema.ts';
import type { BoxLink } from './link.ts';
import type { FromBox, Hello, StartRequest } from './wire.ts';

/** A process of the run, on a box. */
export interface BoxProcess {
  /** How it ended; null where the box was lost before anybody knew. */
  readonly exited: Promise<Exit | null>;
  kill(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void;
  /** Through the channel between it and its parent. */
  tell(message: string): void;
}

export interface BoxEvents {
  readonly onLine: (text: string, stream: 'stdout' | 'stderr') => void;
  readonly onListening?: (listening: Listening) => void;
}

export interface Box {
  readonly name: string;
  readonly hello: Hello;
  /** Settles with why, once the link is gone. */
  readonly lost: Promise<string>;
  /** @throws LockstepError where the answer is no, and 69 where there is none */
  ask<W extends Check['what']>(check: Extract<Check, { what: W }>): Promise<Answer<W>>;
  start(request: StartRequest, events: BoxEvents): BoxProcess;
  /** Adds a line to a file on the box. */
  log(path: string, line: string): void;
  /** Has the box end what it runs, and the link; settles when it has. */
  end(): Promise<void>;
  /** Ends the link at once; the box ends what it runs. */
  cut(): void;
}

const endTimeoutMs = 15_000; // more than the grace of a worker

type Answered = Extract<FromBox, { type: 'answer' }>;

interface Started extends BoxEvents {
  readonly settle: (exit: Exit | null) => void;
}

export function createBox(name: string, link: BoxLink, clock: Clock): Box {
  const questions = new Map<number, (message: Answered) => void>();
  const processes = new Map<number, Started>();
  let nextId = 0;
  link.onMessage((message) => dispatch(message, questions, processes));
  void link.lost.then(() => processes.forEach(({ settle }) => settle(null)));
  return {
    name,
    hello: link.hello,
    lost: link.lost,
    async ask(check) {
      const id = nextId++;
      const asked = new Promise<Answered>((resolve) => questions.set(id, resolve));
      link.say({ type: 'check', id, check });
      const answered = await Promise.race([asked, link.lost]);
      if (typeof answered === 'string')
        throw unavailableError(`the link was lost (${answered}): launch again`);
      const { problem, value } = answered;
      if (problem !== null) throw new LockstepError(problem.message, problem.exitCode as ExitCode);
      return answers[check.what].parse(value) as Answer<typeof check.what>;
    },
    start(request, events) {
      const id = nextId++;
      const exited = new Promise<Exit | null>((settle) => processes.set(id, { ...events, settle }));
      if (link.isLost()) processes.get(id)?.settle(null);
      link.say({ type: 'start', id, ...request });
      return {
        exited,
        kill: (signal) => link.say({ type: 'signal', id, signal }),
        tell: (message) => link.say({ type: 'tell', id, message }),
      };
    },
    log: (path, line) => link.say({ type: 'log', path, line }),
    async end() {
      link.say({ type: 'end' });
      const cancel = clock.after(endTimeoutMs, () => link.close('it did not end'));
      await link.lost;
      cancel();
    },
    cut: () => link.close('given up'),
  };
}

function dispatch(
  message: FromBox,
  questions: Map<number, (message: Answered) => void>,
  processes: Map<number, Started>,
): void {
  switch (message.type) {
    case 'hello':
    case 'pong':
      return;
    case 'answer':
      questions.get(message.id)?.(message);
      return void questions.delete(message.id);
    case 'line':
      return processes.get(message.id)?.onLine(message.text, message.stream);
    case 'listening':
      return processes.get(message.id)?.onListening?.(message);
    case 'exit': {
      const { id, code, signal } = message;
      processes.get(id)?.settle({ code, signal: signal as NodeJS.Signals | null });
      return void processes.delete(id);
    }
    default:
      return message satisfies never;
  }
}
