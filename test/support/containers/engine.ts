/**
 * A container engine of one test: Debian's dockerd in a network namespace of its own, with its own folders, so that
 * neither the machine's network nor an engine that is there already is touched. compose is Docker's own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { compose, requires, requiresEngine } from '../requires.ts';

const startTimeoutMs = 30_000;
const pollMs = 100;

export interface Engine {
  /** Runs docker to its end. @returns stdout. @throws with all that it said when it fails */
  docker(words: readonly string[], options?: CommandOptions): string;
  /** The same for what it says on both streams, whatever its exit code. */
  read(words: readonly string[]): string;
  /** The same with docker compose. */
  compose(words: readonly string[], options?: CommandOptions): string;
  /** Imports a root file system, as a tar archive that a command writes. @param change as a line of a Dockerfile */
  importImage(name: string, tarWords: readonly string[], change?: string): void;
  stop(): Promise<void>;
}

export interface CommandOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/**
 * @param network `own`: a namespace without a way out; `host`: builds may use this machine's, and nothing is bridged
 * @returns null where the test is to be skipped, since no engine can start here
 */
export async function startEngine(
  context: TestContext,
  network: 'own' | 'host' = 'own',
): Promise<Engine | null> {
  if (!requires('dockerd', context) || !requires('docker-compose', context)) return null;
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-engine-'));
  const socket = join(folder, 'docker.sock');
  const namespace = `lockstep-engine-${process.pid}`;
  if (network === 'own') {
    run('ip', ['netns', 'add', namespace]);
    run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']); // on which ports are published
  }
  const common = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')];
  common.push('-H', `unix://${socket}`, '-p', join(folder, 'pid'), '--storage-driver', 'overlay2');
  const words = {
    own: ['nsenter', `--net=/run/netns/${namespace}`, 'dockerd', ...common, '--bip', '10.78.0.1/24'],
    host: ['dockerd', ...common, '--bridge', 'none', '--iptables=false', '--ip-forward=false'],
  }[network];
  const logFile = join(folder, 'log');
  const log = openSync(logFile, 'a');
  const child = spawn(words[0]!, words.slice(1), { stdio: ['ignore', log, log] });
  const gone = new Promise<void>((settle) =>
    child.once('exit', () => settle()).once('error', () => settle()),
  );
  const environment = { ...process.env, DOCKER_HOST: `unix://${socket}`, DOCKER_BUILDKIT: '1' };
  const isUp = (): boolean =>
    existsSync(socket) && spawnSync('/usr/bin/docker', ['version'], { env: environment }).status === 0;
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    const left = isUp() ? run('/usr/bin/docker', ['ps', '-q'], environment).split('\n').filter(Boolean) : [];
    if (left.length > 0) run('/usr/bin/docker', ['kill', ...left], environment);
    child.kill('SIGTERM');
    await gone;
    closeSync(log);
    rmSync(folder, { recursive: true, force: true });
    if (network === 'own') run('ip', ['netns', 'delete', namespace]);
  };
  context.after(stop);
  for (let waitedMs = 0; !isUp(); waitedMs += pollMs) {
    if (child.exitCode === null && child.signalCode === null && waitedMs < startTimeoutMs) {
      await delay(pollMs);
      continue;
    }
    const problem = readFileSync(logFile, 'utf8').trim().split('\n').at(-1) ?? '';
    await stop();
    requiresEngine(context, problem);
    return null;
  }
  return {
    docker: (given, options) => run('/usr/bin/docker', given, environment, options),
    read(given) {
      const { stdout, stderr } = spawnSync('/usr/bin/docker', given, { env: environment, encoding: 'utf8' });
      return `${stdout}${stderr}`;
    },
    compose: (given, options) => run(compose, given, environment, options),
    importImage(name, tarWords, change = 'ENV HOME=/tmp') {
      const script = 'name=$1 change=$2; shift 2; "$@" | /usr/bin/docker import --change "$change" - "$name"';
      run('bash', ['-o', 'pipefail', '-c', script, 'bash', name, change, ...tarWords], environment);
    },
    stop,
  };
}

function run(
  program: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
  { environment: more = {}, cwd }: CommandOptions = {},
): string {
  const result = spawnSync(program, words, { env: { ...environment, ...more }, cwd, encoding: 'utf8' });
  if (result.status === 0) return result.stdout;
  const said = result.error?.message ?? `${result.stdout}\n${result.stderr}`;
  throw new Error(`${program} ${words.join(' ')}: exit code ${result.status}\n${said}`);
}
