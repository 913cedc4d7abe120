/**
 * The launcher's end of a pipe to a box: messages both ways, and a heartbeat, so that a link on which nothing comes
 * through is known to be dead, and one that heals in time is not.
 */
import { ProtocolError, unavailableError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import type { Pipe } from './place.ts';
import { decodeFromBox, encode, type FromBox, type Hello, type ToBox } from './wire.ts';

export interface BoxLink {
  readonly hello: Hello;
  /** Settles with why, once nothing comes through any more. */
  readonly lost: Promise<string>;
  isLost(): boolean;
  say(message: ToBox): void;
  onMessage(callback: (message: FromBox) => void): void;
  /** Ends the link. */
  close(why: string): void;
}

/** While nothing is heard, how often we speak; several times within what counts as dead. */
const beats = 5;
const longestBeatMs = 15_000;
const helloTimeoutMs = 240_000; // ssh, and a clone that compiles its kernels first
const lateMs = 10_000; // we give up later than the box does, so that nothing of ours is left there when we come again

/** @throws LockstepError (69) where no lockstep answers, with what can be done about it */
export async function openLink(name: string, pipe: Pipe, clock: Clock, timeoutMs: number): Promise<BoxLink> {
  let hear: (message: FromBox) => void = () => undefined;
  let isLost = false;
  let lose: (why: string) => void;
  const lost = new Promise<string>((resolve) => (lose = resolve));
  let cancelDeath = (): void => undefined;
  let cancelBeat = (): void => undefined;

  const close = (why: string): void => {
    if (isLost) return;
    isLost = true;
    cancelDeath();
    cancelBeat();
    pipe.kill();
    lose(why);
  };
  const say = (message: ToBox): void => void (isLost || pipe.write(encode(message)));
  const heard = (): void => {
    cancelDeath();
    if (isLost) return;
    cancelDeath = clock.after(timeoutMs + lateMs, () => close(`no word for ${timeoutMs / 1000} s`));
  };
  const beat = (): void => {
    say({ type: 'ping' });
    if (!isLost) cancelBeat = clock.after(Math.min(timeoutMs / beats, longestBeatMs), beat);
  };
  const hello = await greet(name, pipe, clock, (line) => {
    heard();
    try {
      hear(decodeFromBox(line));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      close(error.message);
    }
  });
  void pipe.ended.then(close);
  heard();
  beat();
  return { hello, lost, isLost: () => isLost, say, close, onMessage: (callback) => void (hear = callback) };
}

/** Waits for the first message. What a login shell prints before it is let be. */
function greet(name: string, pipe: Pipe, clock: Clock, onLine: (line: string) => void): Promise<Hello> {
  return new Promise((resolve, reject) => {
    let hello: Hello | null = null;
    const refuse = (why: string): void => {
      if (hello !== null) return;
      cancel();
      pipe.kill();
      reject(unavailableError(`${why}: ${remedyFor(name, why)}`));
    };
    const cancel = clock.after(helloTimeoutMs, () =>
      refuse(`it said nothing for ${helloTimeoutMs / 1000} s`),
    );
    pipe.onLine((line) => {
      if (hello !== null) return onLine(line);
      if (!line.startsWith('{"type":"hello"')) return;
      try {
        const message = decodeFromBox(line);
        if (message.type === 'hello') hello = message;
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        return refuse(`its lockstep ${error.message}`);
      }
      cancel();
      if (hello !== null) resolve(hello);
    });
    void pipe.ended.then(refuse);
  });
}

const remedies: readonly (readonly [said: RegExp, remedy: string])[] = [
  [
    /host key verification failed|permission denied|too many authentication/i,
    'log in once by hand with ssh NAME, with a key',
  ],
  [
    /could not resolve|name or service not known/i,
    'correct the name in -H, or give it a Host in ~/.ssh/config',
  ],
  [
    /refused|timed out|no route|unreachable|banner exchange/i,
    'see whether it is up, and that its sshd listens: ssh NAME',
  ],
  [
    /not found|no lockstep|no such file|cannot find module|exit code 127/i,
    'install lockstep there, at the same path, or say where it is with --remote-dir or --remote-command',
  ],
  [
    /set-?up|npm|message that is not valid/i,
    'bring the lockstep of this box there, and lockstep setup -H NAME',
  ],
];

const remedyFor = (name: string, why: string): string =>
  (remedies.find(([said]) => said.test(why))?.[1] ?? 'see what lockstep doctor says on NAME').replace(
    'NAME',
    name,
  );
