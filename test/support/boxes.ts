/**
 * Boxes on one machine: each has a network, a host name, processes and an sshd of its own, and all share the disk.
 *
 *   head 198.18.7.1 ──┐
 *   boxa 198.18.7.11 ─┼─ a bridge in a namespace of its own
 *   boxb 198.18.7.12 ─┤
 *   boxc 198.18.7.13 ─┘
 *
 * A box is a tree of processes below the first one of a namespace, so that killing that one is pulling the plug.
 * Names resolve on every box, and the head's ssh has a key that all of them know.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { until } from './lockstep.ts';
import { requires, requiresBoxes, requiresFile } from './requires.ts';
import { temporaryFolder } from './temporary.ts';

export const boxNames = ['boxa', 'boxb', 'boxc'] as const;
export type BoxName = (typeof boxNames)[number];

const addresses = {
  head: '198.18.7.1',
  boxa: '198.18.7.11',
  boxb: '198.18.7.12',
  boxc: '198.18.7.13',
} as const;
type Name = keyof typeof addresses;
const device = 'link0';
const sshd = '/usr/sbin/sshd';

export interface Boxes {
  /** The words before a command that is to run on the head. */
  readonly head: readonly string[];
  /** The value of --ssh. */
  readonly ssh: string;
  address(name: Name): string;
  /** Processes of lockstep on a box that are alive. */
  processes(name: Name): { readonly pid: number; readonly words: readonly string[] }[];
  /** Kills everything on it. */
  kill(name: BoxName): void;
  /** Starts it, again. */
  start(name: BoxName): Promise<void>;
  /** Pulls its cable, or puts it back. */
  link(name: BoxName, state: 'down' | 'up'): void;
  ip(name: Name, ...words: string[]): void;
}

export interface BoxesOptions {
  /** What a box sees at a path instead of what is there: a file or a folder. */
  readonly instead?: Partial<Record<BoxName, Readonly<Record<string, string>>>>;
  readonly bitsPerSecond?: number; // of each link, each way
  readonly without?: readonly BoxName[]; // not started yet
}

/** @returns null where the machine cannot have any: the test is skipped, with the reason */
export async function openBoxes(context: TestContext, options: BoxesOptions = {}): Promise<Boxes | null> {
  if (!requiresBoxes(context)) return null;
  if (!requiresFile(sshd, 'apt-get install openssh-server', context)) return null;
  if (!requires('ssh', context)) return null;
  const folder = temporaryFolder();
  sweep();
  const space = (name: string): string => `lockstep-${process.pid}-${name}`;
  connectAll(space, options, context);
  const hosts = join(folder, 'hosts');
  const lines = [
    '127.0.0.1 localhost',
    ...Object.entries(addresses).map(([name, address]) => `${address} ${name}`),
  ];
  writeFileSync(hosts, `${lines.join('\n')}\n`);
  const config = makeKeys(folder);
  const running = new Map<BoxName, ChildProcess>();
  context.after(() => running.forEach((child) => void child.kill('SIGKILL')));

  async function start(name: BoxName): Promise<void> {
    const file = join(folder, `${name}.conf`);
    writeFileSync(file, sshdConfig(folder, addresses[name]));
    const mounts = Object.entries({ '/etc/hosts': hosts, ...options.instead?.[name] });
    const script = [
      `hostname ${name}`,
      ...mounts.map(([path, from]) => `mount --bind ${from} ${path}`),
      'mkdir -p /run/sshd',
      `exec ${sshd} -D -e -f ${file}`,
    ];
    const words = ['--uts', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const child = spawn(
      'setpriv', // which lets no box outlive this process
      [
        '--pdeathsig',
        'KILL',
        'nsenter',
        `--net=/run/netns/${space(name)}`,
        'unshare',
        ...words,
        'sh',
        '-ec',
        script.join('\n'),
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    running.set(name, child);
    let told = '';
    child.stderr.on('data', (data: Buffer) => (told += data.toString()));
    await until(
      () => told.includes('listening on') || child.exitCode !== null,
      () => told,
    );
    assert.equal(child.exitCode, null, told);
  }

  await Promise.all(boxNames.filter((name) => !options.without?.includes(name)).map(start));
  const enter = `hostname head; mount --bind ${hosts} /etc/hosts; exec "$@"`;
  return {
    head: [
      'nsenter',
      `--net=/run/netns/${space('head')}`,
      'unshare',
      '--uts',
      '--mount',
      'sh',
      '-ec',
      enter,
      'sh',
    ],
    ssh: `ssh -F ${config}`,
    address: (name) => addresses[name],
    processes: (name) => processesIn(`/run/netns/${space(name)}`),
    kill: (name) => void running.get(name)?.kill('SIGKILL'),
    start,
    link: (name, state) => ip('-n', space('bridge'), 'link', 'set', name, state),
    ip: (name, ...words) => ip('-n', space(name), ...words),
  };
}

function ip(...words: string[]): void {
  run('ip', ...words);
}

function run(program: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  assert.equal(status, 0, `${program} ${words.join(' ')}: ${stderr}`);
}

/** Removes the networks of tests that were killed. */
function sweep(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  for (const [name, pid] of stdout.matchAll(/^lockstep-(\d+)-(?:bridge|head|box[abc])\b/gm)) {
    if (!existsSync(`/proc/${pid}`)) spawnSync('ip', ['netns', 'delete', name]);
  }
}

/** A namespace goes with its ends of links, and those take the other ends along. */
function connectAll(
  space: (name: string) => string,
  { bitsPerSecond }: BoxesOptions,
  context: TestContext,
): void {
  const names = Object.keys(addresses) as Name[];
  for (const name of ['bridge', ...names]) {
    ip('netns', 'add', space(name));
    context.after(() => ip('netns', 'delete', space(name)));
    ip('-n', space(name), 'link', 'set', 'lo', 'up');
  }
  ip('-n', space('bridge'), 'link', 'add', 'br0', 'type', 'bridge');
  ip('-n', space('bridge'), 'link', 'set', 'br0', 'up');
  for (const name of names) {
    const inner = ['netns', space(name)];
    ip('link', 'add', name, 'netns', space('bridge'), 'type', 'veth', 'peer', 'name', device, ...inner);
    ip('-n', space('bridge'), 'link', 'set', name, 'master', 'br0', 'up');
    ip('-n', space(name), 'address', 'add', `${addresses[name]}/24`, 'dev', device);
    ip('-n', space(name), 'link', 'set', device, 'up');
    if (bitsPerSecond === undefined) continue;
    const shape = ['tbf', 'rate', `${bitsPerSecond}bit`, 'burst', '256kb', 'latency', '20ms'];
    run('tc', '-n', space(name), 'qdisc', 'add', 'dev', device, 'root', ...shape);
    run('tc', '-n', space('bridge'), 'qdisc', 'add', 'dev', name, 'root', ...shape);
  }
}

/** @returns the path of the head's ssh configuration */
function makeKeys(folder: string): string {
  for (const name of ['host', 'user']) {
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name));
  }
  const config = join(folder, 'ssh.conf');
  const known = ['UserKnownHostsFile /dev/null', 'StrictHostKeyChecking no', 'LogLevel ERROR'];
  writeFileSync(config, ['User root', `IdentityFile ${join(folder, 'user')}`, ...known, ''].join('\n'));
  return config;
}

const sshdConfig = (folder: string, address: string): string =>
  [
    `ListenAddress ${address}`,
    `HostKey ${join(folder, 'host')}`,
    `AuthorizedKeysFile ${join(folder, 'user.pub')}`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PermitRootLogin yes',
    'SetEnv TF_CPP_MIN_LOG_LEVEL=3',
    '',
  ].join('\n');

/** By the network that they are in, whatever namespace has their numbers. */
function processesIn(path: string): { pid: number; words: string[] }[] {
  const inode = statSync(path).ino;
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (readlinkSync(`/proc/${name}/ns/net`) !== `net:[${inode}]`) return [];
      if (/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${name}/stat`, 'utf8'))) return [];
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return words.some((word) => word.endsWith('lockstep.mjs')) ? [{ pid: Number(name), words }] : [];
    } catch {
      return []; // it ended while we looked
    }
  });
}
