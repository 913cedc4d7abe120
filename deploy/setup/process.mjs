/**
 * Running other programs: their output is kept to explain a failure, and they, together with every temporary
 * folder, go when a signal ends the set-up.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, rmSync, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, join } from 'node:path';

/** A failure that the reader can mend: its message is the one line that they see. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {import('../../shared/errors.ts').ExitCode} exitCode
   */
  constructor(message, exitCode) {
    super(message);
    this.name = 'SetupError';
    this.exitCode = exitCode;
  }
}

const KEPT_OUTPUT_CHARS = 64 * 1024;

/** What a signal must end or remove. @type {Set<() => void>} */
const cleanUps = new Set();

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, environment?: NodeJS.ProcessEnv, timeoutMs?: number,
 *   onStart?: (pid: number) => () => void }} [options] `onStart` returns what to do at its end
 * @returns {Promise<{ ok: boolean, output: string }>} the end of what it wrote, both streams in one
 */
export function run(command, args, { cwd, environment, timeoutMs, onStart } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: environment ?? process.env,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const kill = () => void child.kill('SIGKILL');
    cleanUps.add(kill);
    const onEnd = child.pid === undefined ? undefined : onStart?.(child.pid);
    let output = '';
    /** @param {Buffer} chunk */
    const keep = (chunk) => {
      output = (output + chunk.toString()).slice(-KEPT_OUTPUT_CHARS);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => {
      cleanUps.delete(kill);
      resolve({ ok: false, output: error.message });
    });
    child.on('close', (code) => {
      cleanUps.delete(kill);
      onEnd?.();
      resolve({ ok: code === 0, output });
    });
  });
}

/**
 * Gives `use` an empty folder, two levels below the cache like everything that is built, and removes it in the end.
 * @template T
 * @param {import('./paths.mjs').Paths} paths
 * @param {(folder: string) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withTemporaryFolder(paths, use) {
  const folder = join(paths.cache, 'tmp', String(process.pid));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  remove();
  mkdirSync(folder, { recursive: true });
  cleanUps.add(remove);
  try {
    return await use(folder);
  } finally {
    cleanUps.delete(remove);
    remove();
  }
}

/**
 * Has `cleanUp` run when a signal ends the process.
 * @param {() => void} cleanUp
 * @returns {() => void} takes it back
 */
export function onInterrupt(cleanUp) {
  cleanUps.add(cleanUp);
  return () => void cleanUps.delete(cleanUp);
}

/**
 * From now on SIGINT, SIGTERM and SIGHUP clean up, then end the process with 128 + the signal's number.
 * @returns {() => void} gives the signals back
 */
export function cleanUpOnSignals() {
  /** @param {NodeJS.Signals} signal */
  const stop = (signal) => {
    for (const cleanUp of [...cleanUps].reverse()) cleanUp();
    process.exit(128 + osConstants.signals[signal]);
  };
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.once(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}

/**
 * @param {string} program
 * @param {NodeJS.ProcessEnv} environment
 * @returns {boolean} whether the PATH has it
 */
export function isOnPath(program, environment) {
  return (environment['PATH'] ?? '')
    .split(delimiter)
    .some((folder) => folder && isExecutable(join(folder, program)));
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // not there, or not ours to run: either way not a program for us
  }
}
