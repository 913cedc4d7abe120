/**
 * Prometheus as a process of ours: started when its port is known to be free, ready before it is spoken of, and ended
 * with us however we end. A shell beside it reads a pipe that only we hold: when we are gone, even by a kill that
 * nobody can catch, it reads the end and stops Prometheus.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { unavailableError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';

export interface PrometheusOptions {
  readonly program: string; // its name on the PATH, or a path
  readonly configuration: string; // YAML
  readonly folder: string; // of its database, configuration and log; one Prometheus at a time
  readonly port: number | null; // null: the first free one from 9090 on
  readonly clock: Clock;
}

export interface RunningPrometheus {
  readonly url: string; // http://127.0.0.1:port
  readonly exited: Promise<number>; // its exit code, or 128 where a signal ended it
  stop(): void;
}

/** Runs its words; ends them when nobody holds the other end of descriptor 3 any more. Its exit code is theirs. */
const guard =
  '"$@" 3<&- & child=$!; { read -r _ <&3; kill "$child"; } 2>/dev/null & reader=$!; ' +
  'exec 3<&-; wait "$child"; code=$?; kill "$reader"; exit "$code"';
const notFoundCodes: readonly (number | null)[] = [126, 127]; // of a shell that cannot start a program
const firstPort = 9090;
const portCount = 100;
const retention = '30d';
const readyMs = 60_000;
const pollMs = 50;

/** @throws LockstepError (69) when it is not installed, has no port, or does not start */
export async function startPrometheus(options: PrometheusOptions): Promise<RunningPrometheus> {
  mkdirSync(options.folder, { recursive: true });
  writeFileSync(join(options.folder, 'prometheus.yml'), options.configuration);
  let port = options.port ?? (await firstFreePort(firstPort));
  for (;;) {
    const started = await startAt(port, options);
    if (started !== null) return started;
    const why = lastWords(logOf(options));
    const isTaken = /address already in use/.test(why); // somebody took it after we had asked
    if (options.port !== null || !isTaken)
      throw unavailableError(`prometheus did not start: ${why}; its log is ${logOf(options)}`);
    port = await firstFreePort(port + 1);
  }
}

const logOf = ({ folder }: PrometheusOptions): string => join(folder, 'prometheus.log');

/** @returns null when it ended, or took too long; its log says why. @throws LockstepError (69) if not installed */
async function startAt(port: number, options: PrometheusOptions): Promise<RunningPrometheus | null> {
  const { clock, folder, program } = options;
  const address = `127.0.0.1:${port}`;
  const log = openSync(logOf(options), 'w');
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      guard,
      'sh', // its $0
      program,
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--storage.tsdb.retention.time=${retention}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: ['ignore', log, log, 'pipe'], detached: true }, // Ctrl-C is for us, who then end it
  );
  closeSync(log);
  const stop = (): void => void (child.stdio[3] as Writable).destroy();
  const exited = exitOf(child, program);
  let hasExited = false;
  const markExited = (): void => void (hasExited = true);
  exited.then(markExited, markExited);
  for (let waitedMs = 0; !isReady(logOf(options)); waitedMs += pollMs) {
    if (hasExited || waitedMs >= readyMs) {
      stop();
      await exited;
      return null;
    }
    await new Promise<void>((resolve) => void clock.after(pollMs, resolve));
  }
  return { url: `http://${address}`, exited, stop };
}

function exitOf(child: ChildProcess, program: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (why: string): void => {
      const remedy =
        'apt-get install prometheus, or put its binary on the PATH (https://prometheus.io/download)';
      reject(unavailableError(`${program} cannot be started (${why}): ${remedy}`));
    };
    child.once('exit', (code) => {
      if (notFoundCodes.includes(code)) refuse('it was not found, or is no program');
      else resolve(code ?? 128);
    });
    child.once('error', ({ message }) => refuse(message));
  });
}

/** As it says itself: at its address somebody else might answer. */
const isReady = (logFile: string): boolean =>
  readFileSync(logFile, 'utf8').includes('Server is ready to receive web requests');

/** What Prometheus gave as its reason. */
function lastWords(logFile: string): string {
  const line = readFileSync(logFile, 'utf8').trim().split('\n').at(-1) ?? '';
  return /err="((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? line;
}

/** Between the question and its use somebody may take it: then Prometheus says so. */
async function firstFreePort(from: number): Promise<number> {
  for (let port = from; port < firstPort + portCount; port++) if (await isFree(port)) return port;
  throw unavailableError(
    `no port from ${firstPort} to ${firstPort + portCount - 1} is free: give one with --port`,
  );
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
