/**
 * Runs that something befalls: a real coordinator, and workers with the faults that a test gives them. The oracle
 * is the digest of the parameters of the run that nothing befalls.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { smallRun } from '../../deploy/train/small-run.ts';
import { startLockstep, train, until, type Running } from '../lockstep.ts';
import { temporaryFolder } from '../temporary.ts';
import type { Fault } from './fault.ts';
import type { WorkerSettings } from './faulty-worker.ts';

export const flags: readonly string[] = [...smallRun, '--runtime', 'wasm'];
const main = join(import.meta.dirname, 'faulty-worker.ts');

/** The digest of the run that nothing befalls, of so many steps; computed once for each number. */
export async function undisturbed(steps: number): Promise<string> {
  const known = digests.get(steps) ?? reference(steps, temporaryFolder());
  digests.set(steps, known);
  return known;
}

const digests = new Map<number, Promise<string>>();

async function reference(steps: number, folder: string): Promise<string> {
  const words = [...flags, '--steps', `${steps}`, '--workers', '1', '--run-dir', join(folder, 'run')];
  return (await train(words)).parametersSha256;
}

export interface FaultyWorker {
  readonly child: ChildProcess;
  /** How it ended: its exit code, or the signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly told: () => string;
}

type WorkerPlace = WorkerSettings & {
  readonly within: readonly string[]; // words before the command, such as `ip netns exec NAME`
  readonly environment: NodeJS.ProcessEnv; // beside ours
};

export interface FaultyRun extends Running {
  readonly runDir: string;
  readonly endpoint: string; // of the coordinator
  readonly told: () => string; // by the coordinator, so far
  add(fault?: Fault | null, settings?: Partial<WorkerPlace>): FaultyWorker;
  /** Waits until the coordinator has said it. */
  says(text: RegExp, timeoutMs?: number): Promise<void>;
}

/** Starts a coordinator, which waits for workers. @param words beside the small run's */
export async function startRun(
  words: readonly string[],
  context: TestContext,
  environment: NodeJS.ProcessEnv = {},
): Promise<FaultyRun> {
  const at = words.indexOf('--run-dir');
  const runDir = at === -1 ? join(temporaryFolder(), 'run') : words[at + 1]!;
  const isResumed = words.includes('--resume');
  const place = at === -1 && !isResumed ? ['--run-dir', runDir] : [];
  const given = isResumed ? words : [...flags, ...words];
  const port = words.includes('--port') ? [] : ['--port', '0'];
  const running = startLockstep(['coordinator', '--json', ...given, ...port, ...place], environment);
  context.after(() => void running.child.kill('SIGKILL'));
  let told = '';
  running.child.stderr!.on('data', (data: Buffer) => (told += data.toString()));
  const endpointOf = (): string | undefined => /connect to (tcp:\S+)/.exec(told)?.[1];
  await until(
    () => endpointOf() !== undefined || running.child.exitCode !== null,
    () => told,
  );
  const endpoint = endpointOf();
  if (endpoint === undefined) throw new Error(`the coordinator ended: ${told}`);
  return {
    ...running,
    runDir,
    endpoint,
    told: () => told,
    add: (fault = null, settings = {}) =>
      startWorker({ endpoint, fault, sharedMemory: true, within: [], environment: {}, ...settings }, context),
    says: (text, timeoutMs) =>
      until(
        () => text.test(told),
        () => `${text.source} was not said:\n${told}`,
        timeoutMs,
      ),
  };
}

function startWorker({ within, environment, ...settings }: WorkerPlace, context: TestContext): FaultyWorker {
  const [program, ...words] = [
    ...within,
    process.execPath,
    '--import',
    'tsx',
    main,
    JSON.stringify(settings),
  ];
  const child = spawn(program, words, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  context.after(() => void child.kill('SIGKILL'));
  let told = '';
  child.stderr!.on('data', (data: Buffer) => (told += data.toString()));
  const ended = new Promise<number | NodeJS.Signals>((settle) =>
    child.once('exit', (code, signal) => settle(signal ?? code!)),
  );
  return { child, ended, told: () => told };
}
