/** The processes of a run on this box: started with their keys, listened to, ended. */
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodes } from '../../shared/errors.ts';
import { writeSecret } from '../../shared/runtime/key-files.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import { firstDescriptor, startChild, type Child, type Exit } from '../train/child.ts';
import type { Listening } from '../train/supervise.ts';
import type { FromBox, StartRequest } from './wire.ts';

export interface AgentChildren {
  start(id: number, request: StartRequest): void;
  /** Of one that is gone already: nothing. */
  signal(id: number, signal: NodeJS.Signals): void;
  tell(id: number, message: string): void;
  /** SIGTERM for all, SIGKILL for those whose grace is over; settles when none is left. */
  end(): Promise<void>;
}

export function createAgentChildren({
  entry,
  environment,
  clock,
  say,
}: {
  readonly entry: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly say: (message: FromBox) => void;
}): AgentChildren {
  const running = new Map<number, { readonly child: Child; readonly graceMs: number }>();

  function start(id: number, { words, environment: added, secret, graceMs }: StartRequest): void {
    const file = secret === null ? null : openSecret(secret.text);
    const keys = secret === null ? [] : [secret.flag, `/dev/fd/${firstDescriptor}`];
    const child = startChild({
      entry,
      args: [...words, ...keys],
      environment: { ...environment, ...added },
      output: (text, stream) => say({ type: 'line', id, stream, text }),
      descriptors: file === null ? [] : [file],
      onMessage(message) {
        say({ ...(message as Listening), id }); // the only one that a child of ours sends
      },
    });
    if (file !== null) closeSync(file);
    running.set(id, { child, graceMs });
    const end = ({ code, signal }: Exit): void => {
      running.delete(id);
      say({ type: 'exit', id, code, signal });
    };
    child.exited.then(end, (error: Error) => {
      say({ type: 'line', id, stream: 'stderr', text: `it could not be started: ${error.message}` });
      end({ code: exitCodes.runFailed, signal: null });
    });
  }

  return {
    start,
    signal: (id, signal) => running.get(id)?.child.kill(signal),
    tell: (id, message) => running.get(id)?.child.tell(message),
    async end() {
      await Promise.all(
        [...running.values()].map(async ({ child, graceMs }) => {
          child.kill('SIGTERM');
          const cancel = clock.after(graceMs, () => child.kill('SIGKILL'));
          await Promise.allSettled([child.exited]);
          cancel();
        }),
      );
    },
  };
}

/** A file that only its descriptor still holds: nothing is left of it, whatever becomes of us. */
function openSecret(text: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-keys-'));
  try {
    const path = join(folder, 'keys.json');
    writeSecret(path, text);
    return openSync(path, 'r');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
