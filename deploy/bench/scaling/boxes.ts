/**
 * Two boxes on one machine: network namespaces joined by a veth pair, each end shaped to a rate (tc's tbf).
 *
 *   head 198.18.0.1 --- rate each way --- 198.18.0.2 box
 *
 * The addresses are of the range that benchmarks have for themselves (RFC 2544), and nobody outside of the two
 * namespaces sees them. Names carry the process's id: what a killed one left behind is swept by the next.
 */
import { spawnSync } from 'node:child_process';
import { runError, unavailableError } from '../../../shared/errors.ts';
import type { LinkRate } from '../../plan/link-rate.ts';
import { cleanUpOnSignals, onInterrupt } from '../../setup/process.mjs';

export interface Boxes {
  readonly headAddress: string;
  /** The words before a command that is to run in the box. */
  readonly within: Readonly<Record<'head' | 'box', readonly string[]>>;
}

const headAddress = '198.18.0.1';
const addresses = { head: headAddress, box: '198.18.0.2' } as const;
const sides = ['head', 'box'] as const;
const device = 'link0';
const commandTimeoutMs = 10_000;
const nameOf = (pid: number, side: string): string => `lockstep-${pid}-${side}`;

/** @throws LockstepError (69) where namespaces cannot be made: not root, or no iproute2 */
export function requireBoxes(): void {
  if (process.platform !== 'linux')
    throw unavailableError('--link-rate shapes links between network namespaces, which only Linux has');
  if (process.getuid?.() !== 0)
    throw unavailableError('--link-rate makes network namespaces, which only root may: run it as root');
  for (const [program, option] of [
    ['ip', '-V'],
    ['tc', '-V'],
  ] as const) {
    if (spawnSync(program, [option], { timeout: commandTimeoutMs }).status === 0) continue;
    throw unavailableError(`--link-rate needs ${program}, which is missing: install iproute2`);
  }
}

/**
 * Gives `use` two boxes joined by a link, and removes them in the end, signals included.
 * @throws LockstepError (69) when they cannot be made
 */
export async function withBoxes<T>(rate: LinkRate, use: (boxes: Boxes) => Promise<T>): Promise<T> {
  requireBoxes();
  sweep();
  const giveSignalsBack = cleanUpOnSignals();
  const forget = onInterrupt(removeBoxes);
  try {
    makeBoxes(rate);
    return await use({ headAddress, within: { head: wordsOf('head'), box: wordsOf('box') } });
  } finally {
    forget();
    giveSignalsBack();
    removeBoxes();
  }
}

const wordsOf = (side: 'head' | 'box'): string[] => ['ip', 'netns', 'exec', nameOf(process.pid, side)];

function makeBoxes(rate: LinkRate): void {
  const [head, box] = sides.map((side) => nameOf(process.pid, side)) as [string, string];
  for (const name of [head, box]) command('ip', 'netns', 'add', name);
  command('ip', 'link', 'add', device, 'netns', head, 'type', 'veth', 'peer', 'name', device, 'netns', box);
  for (const side of sides) {
    const name = nameOf(process.pid, side);
    command('ip', '-n', name, 'address', 'add', `${addresses[side]}/30`, 'dev', device);
    command('ip', '-n', name, 'link', 'set', 'lo', 'up');
    command('ip', '-n', name, 'link', 'set', device, 'up');
    command('tc', '-n', name, 'qdisc', 'add', 'dev', device, 'root', 'tbf', ...shapeOf(rate));
  }
}

/** A bucket of 2 ms, and a queue of 20 ms, or 5 ms on a quick link: what comes near to the rate with TCP. */
function shapeOf({ bitsPerSecond }: LinkRate): string[] {
  const burstBytes = Math.max(64_000, Math.round((bitsPerSecond / 8) * 2e-3));
  const latencyMs = bitsPerSecond > 5e9 ? 5 : 20;
  return ['rate', `${bitsPerSecond}bit`, 'burst', `${burstBytes}`, 'latency', `${latencyMs}ms`];
}

/** A namespace takes its end of the link along, and the other end goes with it. */
function removeBoxes(): void {
  for (const side of sides) removeNamespace(nameOf(process.pid, side));
}

const removeNamespace = (name: string): void =>
  void spawnSync('ip', ['netns', 'delete', name], { timeout: commandTimeoutMs, stdio: 'ignore' });

/** Removes namespaces whose process is gone. */
function sweep(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { timeout: commandTimeoutMs, encoding: 'utf8' });
  for (const [name, pid] of (stdout ?? '').matchAll(/^lockstep-(\d+)-(?:head|box)\b/gm)) {
    if (!isAlive(Number(pid))) removeNamespace(name);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function command(program: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { timeout: commandTimeoutMs, encoding: 'utf8' });
  if (error !== undefined) throw runError(`${program} could not be started: ${error.message}`);
  if (status === 0) return;
  const why = stderr.trim().split('\n').at(-1) ?? '';
  throw unavailableError(
    `no boxes can be made here: \`${program} ${args.join(' ')}\` said: ${why}: leave out --link-rate`,
  );
}
