/** Prometheus as a process of ours: started when its port is known to be free, ready before it is spoken of. */
import { spawn, type ChildProcess } from 'node:child_process';
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

const firstPort = 9090;
const portCount = 100;
const retention = '30d';
const readyMs = 60_000;
const pollMs = 50;

/** @throws LockstepError (69) when it is not installed, has no port, or does not start */
export async function startPrometheus(options: PrometheusOptions): Promise<RunningPrometheus> {
  const { clock, folder, program } = options;
  mkdirSync(folder, { recursive: true });
  const configuration = join(folder, 'prometheus.yml');
  writeFileSync(configuration, options.configuration);
  const address = `127.0.0.1:${options.port ?? (await firstFreePort())}`;
  const logFile = join(folder, 'prometheus.log');
  const log = openSync(logFile, 'w');
  const child = spawn(
    program,
    [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--storage.tsdb.retention.time=${retention}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: ['ignore', log, log] },
  );
  closeSync(log);
  const url = `http://${address}`;
  const exited = exitOf(child, program);
  let code: number | null = null;
  exited.then(
    (ended) => (code = ended),
    () => (code = -1), // it was never started: whoever awaits `exited` is told
  );
  for (let waitedMs = 0; !(await isReady(url)); waitedMs += pollMs) {
    if (code !== null) await exited;
    if (code === null && waitedMs < readyMs) {
      await new Promise<void>((resolve) => void clock.after(pollMs, resolve));
      continue;
    }
    child.kill('SIGKILL');
    throw unavailableError(`prometheus did not start: ${lastWords(logFile)}; its log is ${logFile}`);
  }
  if (code !== null) throw unavailableError(`prometheus did not start: ${lastWords(logFile)}`); // another's port
  return { url, exited, stop: () => void child.kill('SIGTERM') };
}

function exitOf(child: ChildProcess, program: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => resolve(code ?? 128));
    child.once('error', ({ message }) => {
      const remedy =
        'apt-get install prometheus, or put its binary on the PATH (https://prometheus.io/download)';
      reject(unavailableError(`${program} cannot be started (${message}): ${remedy}`));
    });
  });
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`)).ok;
  } catch {
    return false; // it does not listen yet
  }
}

/** What Prometheus gave as its reason. */
function lastWords(logFile: string): string {
  const line = readFileSync(logFile, 'utf8').trim().split('\n').at(-1) ?? '';
  return /err="((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? line;
}

/** Between the question and its use somebody may take it: then Prometheus says so. */
async function firstFreePort(): Promise<number> {
  for (let port = firstPort; port < firstPort + portCount; port++) if (await isFree(port)) return port;
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
