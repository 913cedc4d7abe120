/**
 * Who takes part, and how each is run: a process a round that trains a few steps and says how fast it was.
 *
 * All get the same cores, batch and model, and no GPU. We read rows, project them and exchange gradients through
 * `lockstep train` as anybody would; the peers have float32 features in memory, which favours them.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runError } from '../../../shared/errors.ts';
import { cleanUpOnSignals, onInterrupt } from '../../setup/process.mjs';

export interface Sizes {
  readonly processes: number; // of one thread; a single process has as many threads
  readonly batchSize: number; // of all processes together
  readonly steps: number; // that are timed
}

/** A program of one JSON answer: its words, and the last line of its standard output. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

export interface Peer {
  readonly name: string; // with processes and threads
  readonly isSingleProcess: boolean;
  readonly script: string;
  readonly args: readonly string[];
}

const warmUpSteps = 2; // of a peer

/**
 * PyTorch and Keras, as people run them on so many cores.
 * @param compiled whether those of one process take part with their compilers too
 */
export function peersOf({ processes, batchSize, steps }: Sizes, compiled = false): Peer[] {
  const timed = ['--warm-up-steps', `${warmUpSteps}`, '--steps', `${steps}`];
  const single = ['--batch-size', `${batchSize}`, '--threads', `${processes}`, ...timed];
  const each = ['--batch-size', `${batchSize / processes}`, '--threads', '1', '--processes', `${processes}`];
  const one = (name: string, script: string, args: readonly string[] = single): Peer => {
    return { name: `${name}, 1 x ${processes}`, isSingleProcess: true, script, args };
  };
  const withCompiler = [...single, '--compile'];
  return [
    {
      name: `PyTorch DDP over gloo, ${processes} x 1`,
      isSingleProcess: false,
      script: 'peer_torch.py',
      args: [...each, ...timed],
    },
    one('PyTorch', 'peer_torch.py'),
    one('Keras', 'peer_keras.py'),
    ...(compiled ? [one('PyTorch compiled', 'peer_torch.py', withCompiler)] : []),
    ...(compiled ? [one('Keras with XLA', 'peer_keras.py', withCompiler)] : []),
  ];
}

/** Variables of ours set fields of a run, which must be those of the preset here. */
export function neutralEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) =>
      !name.startsWith('LOCKSTEP_') || name === 'LOCKSTEP_OFFLINE' || name === 'LOCKSTEP_TENSORFLOW',
  );
  return { ...Object.fromEntries(kept), CUDA_VISIBLE_DEVICES: '-1', TF_CPP_MIN_LOG_LEVEL: '3' };
}

/** Words of a `lockstep train` of the full model whose first step is not timed. @param runDir to be made */
export function trainWords({ processes, batchSize, steps }: Sizes, runDir: string): string[] {
  const words = [
    'train',
    '--json',
    '--quiet',
    '--preset',
    'svhn',
    '--data',
    'synthetic',
    '--runtime',
    'tensorflow',
  ];
  words.push('--allow-cpu', '--synthetic-rows', '4000', '--workers', `${processes}`, '--threads', '1');
  words.push('--batch-size', `${batchSize}`, '--micro-batch-size', `${batchSize / processes}`);
  words.push('--steps', `${steps + 1}`, '--run-dir', runDir);
  // What comes after the last step is not timed: as little of it as there can be.
  words.push('--statistics-rows', '500', '--evaluation-rows', '500', '--picture-every', '0');
  return words;
}

/** Gives `use` a new folder in `parent`, which a checkpoint fits into, and removes it in the end, signals included. */
export async function withFolder<T>(parent: string, use: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'peers-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const giveSignalsBack = cleanUpOnSignals();
  const forget = onInterrupt(remove);
  try {
    return await use(folder);
  } finally {
    forget();
    giveSignalsBack();
    remove();
  }
}

/** Runs a program to its end. @returns its answer @throws LockstepError (1) with its last words */
export async function answerOf(name: string, { program, args, environment }: Command): Promise<Answer> {
  const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const kept = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (kept.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (kept.stderr += chunk.toString()));
  const end = (): void => void child.kill('SIGTERM');
  process.once('exit', end);
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => resolve(exitCode ?? signal ?? 'nothing'));
  });
  process.off('exit', end);
  if (code === 0) return parseAnswer(name, kept.stdout);
  const said = kept.stderr.trim().split('\n').at(-1) ?? '';
  throw runError(`${name} ended with ${code}: ${said.slice(0, 300)}`);
}

export type Answer = Readonly<Record<string, unknown>>;

/** The last line of standard output, as JSON. @throws LockstepError (1) */
export function parseAnswer(name: string, stdout: string): Answer {
  const line = stdout.trim().split('\n').at(-1) ?? '';
  try {
    const answer: unknown = JSON.parse(line);
    if (typeof answer === 'object' && answer !== null) return answer as Answer;
  } catch {
    // Told below, with what there was instead.
  }
  throw runError(`${name} answered ${JSON.stringify(line.slice(0, 200))}, expected a line of JSON`);
}

/** A finite number of an answer. @throws LockstepError (1) */
export function numberOf(name: string, answer: Answer, field: string): number {
  const value = answer[field];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw runError(`${name} answered ${field} ${JSON.stringify(value)}, expected a number`);
}
