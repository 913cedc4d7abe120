/** A process of the run on whichever box it belongs to, waited for where the box is not reached. */
import { exitCodes, LockstepError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import type { Exit } from '../train/child.ts';
import type { BoxEvents, BoxProcess } from './box.ts';
import type { Station } from './station.ts';
import type { StartRequest } from './wire.ts';

export interface RemoteProcess {
  /** How it ended. The loss of its box counts as a lost peer, which is tried again. */
  readonly exited: Promise<Exit>;
  /** The last lines that it wrote. */
  lines(): readonly string[];
  kill(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void;
  /** Through the channel between it and its parent. */
  tell(message: string): void;
}

export interface RemoteOptions {
  readonly station: Station;
  readonly request: StartRequest;
  readonly events: BoxEvents;
  readonly clock: Clock;
  /** How long its box may be away; for ever by default. */
  readonly patienceMs?: number;
}

const keptLines = 5;
const killedMs = 3000; // after which a box that says nothing is not waited for

/** `exited` throws LockstepError (75) where patience ends. */
export function startRemote({ station, request, events, clock, patienceMs }: RemoteOptions): RemoteProcess {
  let process: BoxProcess | null = null;
  let kept: readonly string[] = [];
  let stop: (exit: Exit) => void;
  const stopped = new Promise<Exit>((resolve) => (stop = resolve));

  async function run(): Promise<Exit> {
    const impatient = patienceMs === undefined ? null : patience(patienceMs);
    const box = await Promise.race([station.whenOpen(), stopped, ...(impatient ? [impatient.over] : [])]);
    impatient?.cancel();
    if ('code' in box) return box;
    process = box.start(request, {
      ...events,
      onLine(text, stream) {
        kept = [...kept, text].slice(-keptLines);
        events.onLine(text, stream);
      },
    });
    const exit = await Promise.race([process.exited, stopped]);
    if (exit !== null) return exit;
    kept = [`${station.name} is lost`];
    return { code: exitCodes.peerLost, signal: null };
  }

  function patience(ms: number): { over: Promise<never>; cancel: () => void } {
    let cancel = (): void => undefined;
    const over = new Promise<never>((_, reject) => {
      const why = `${station.name}, the box of the coordinator, was not reached for ${ms / 60_000} minutes`;
      const remedy = 'when it is back, launch again with --resume and the folder of the run';
      cancel = clock.after(ms, () => reject(new LockstepError(`${why}: ${remedy}`, exitCodes.peerLost)));
    });
    return { over, cancel };
  }

  return {
    exited: run(),
    lines: () => kept,
    tell: (message) => process?.tell(message),
    kill(signal) {
      if (process === null) stop(signal === 'SIGINT' ? { code: 130, signal } : { code: 143, signal });
      process?.kill(signal);
      if (signal === 'SIGKILL') clock.after(killedMs, () => stop({ code: 137, signal }));
    },
  };
}
