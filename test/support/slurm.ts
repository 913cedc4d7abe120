/**
 * A real Slurm of three nodes on this machine, in a folder and on ports of its own: munged, slurmctld, and a slurmd for
 * each node. Each node has four CPUs and two GPUs that are no more than a device file's name.
 *
 * Every daemon stays in the foreground, as a child of the test, and is ended by its process id.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './lockstep.ts';

export const nodes = ['boxa', 'boxb', 'boxc'] as const;

export interface Slurm {
  /** For commands of Slurm, and for those that call them. */
  readonly environment: NodeJS.ProcessEnv;
  /** Runs a command of Slurm. @returns what it printed. @throws with what it said when it fails */
  run(command: string, ...words: string[]): string;
  /** Such as RUNNING; null where the job is forgotten. */
  state(job: string): string | null;
  /** Waits until a job has ended for good. @returns how, such as COMPLETED */
  ended(job: string, timeoutMs?: number): Promise<string>;
  /** Pulls a node's plug: its daemon, and all that runs on it for jobs. */
  kill(node: string): void;
  stop(): Promise<void>;
}

/** Needs root, and the Debian packages slurm-wlm and munge: see `requiresSlurm`. */
export async function startSlurm(): Promise<Slurm> {
  const dir = mkdtempSync(join(tmpdir(), 'lockstep-slurm-'));
  chmodSync(dir, 0o755); // munge trusts no folder that others may write to
  const conf = await writeConfiguration(dir);
  const environment = { ...process.env, SLURM_CONF: conf };
  const daemons: ChildProcess[] = [];
  const ofNode = new Map<string, ChildProcess>();
  const start = (command: string, words: readonly string[]): ChildProcess => {
    const tied = ['--pdeathsig', 'TERM', command, ...words]; // a test that is killed leaves none behind
    const child = spawn('setpriv', tied, { env: environment, stdio: 'ignore' });
    daemons.push(child);
    return child;
  };
  const run = (command: string, ...words: string[]): string =>
    execFileSync(command, words, { env: environment, encoding: 'utf8', timeout: 30_000 }).trim();

  start('munged', ['--foreground', ...mungeWords(dir)]);
  await until(
    () => spawnSync('munge', ['--no-input', '--socket', join(dir, 'munge.socket')]).status === 0,
    () => 'munged does not answer',
  );
  start('slurmctld', ['-D', '-c', '-f', conf]);
  for (const node of nodes) ofNode.set(node, start('slurmd', ['-D', '-f', conf, '-N', node]));

  function state(job: string): string | null {
    const shown = spawnSync('scontrol', ['--oneliner', 'show', 'job', job], {
      env: environment,
      encoding: 'utf8',
    });
    return /JobState=(\S+)/.exec(shown.stdout)?.[1] ?? null;
  }

  const slurm: Slurm = {
    environment,
    run,
    state,
    async ended(job, timeoutMs = 200_000) {
      await until(
        () => final.test(state(job) ?? ''),
        () => `job ${job} is ${state(job)}`,
        timeoutMs,
      );
      return state(job)!;
    },
    kill(node) {
      ofNode.get(node)?.kill('SIGKILL');
      endTasks(node);
    },
    async stop() {
      spawnSync('scancel', ['--user', 'root'], { env: environment, timeout: 10_000 });
      await until(
        () => queued(environment) === '',
        () => `jobs that do not end: ${queued(environment)}`,
      );
      const alive = daemons.filter(({ signalCode, exitCode }) => signalCode === null && exitCode === null);
      const gone = alive.map((child) => new Promise((settle) => child.once('exit', settle)));
      for (const child of alive.toReversed()) child.kill('SIGTERM');
      await Promise.all(gone);
      endSteps(dir);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await until(
    () => idle(environment) === nodes.length,
    () => `${idle(environment)} nodes of ${nodes.length} are idle`,
  );
  return slurm;
}

const final = /^(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL|OUT_OF_MEMORY|DEADLINE)/;

const idle = (environment: NodeJS.ProcessEnv): number =>
  spawnSync('sinfo', ['--noheader', '--Node', '--states=idle'], { env: environment, encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => /\bidle\b/.test(line)).length;

const queued = (environment: NodeJS.ProcessEnv): string =>
  spawnSync('squeue', ['--noheader'], { env: environment, encoding: 'utf8', timeout: 10_000 }).stdout.trim();

const mungeWords = (dir: string): string[] => [
  `--key-file=${join(dir, 'munge.key')}`,
  `--socket=${join(dir, 'munge.socket')}`,
  `--pid-file=${join(dir, 'munged.pid')}`,
  `--log-file=${join(dir, 'munged.log')}`,
  `--seed-file=${join(dir, 'munged.seed')}`,
];

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly environment: string;
}

/** @returns those that live long enough to be read */
function processes(): Process[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, 'utf8');
      const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(read('stat')) ?? [];
      if (name === undefined) return []; // of no process
      return [{ pid: Number(pid), parent: Number(parent), name, environment: read('environ') }];
    } catch {
      return [];
    }
  });
}

/** Kills what runs on a node for jobs: the daemon of each step first, so that it reports nothing. */
function endTasks(node: string): void {
  const all = processes();
  const tasks = all.filter(({ environment }) => environment.includes(`SLURMD_NODENAME=${node}\0`));
  const parents = new Set(tasks.map(({ parent }) => parent));
  const steps = all.filter(({ pid, name }) => name.startsWith('slurmstepd') && parents.has(pid));
  for (const { pid } of [...steps, ...tasks]) process.kill(pid, 'SIGKILL');
}

/** What a job leaves behind when its node's daemon goes first: the daemon of a step, known by our configuration. */
function endSteps(dir: string): void {
  for (const { pid, name, environment } of processes())
    if (name.startsWith('slurmstepd') && environment.includes(dir)) process.kill(pid, 'SIGKILL');
}

/** @returns the path of slurm.conf */
async function writeConfiguration(dir: string): Promise<string> {
  const [controller, ...ports] = await freePorts(1 + nodes.length);
  for (const name of ['state', 'spool', 'dev']) mkdirSync(join(dir, name));
  writeFileSync(join(dir, 'munge.key'), Buffer.alloc(128, `key of ${dir}`), { mode: 0o600 });
  for (const node of nodes) {
    for (const gpu of [0, 1])
      execFileSync('mknod', [join(dir, 'dev', `${node}-nvidia${gpu}`), 'c', '1', '3']);
  }
  const gres = nodes.map((node) => `NodeName=${node} Name=gpu File=${dir}/dev/${node}-nvidia[0-1]`);
  writeFileSync(join(dir, 'gres.conf'), `${gres.join('\n')}\n`);
  const lines = [
    'ClusterName=lockstep',
    'SlurmctldHost=localhost(127.0.0.1)',
    `SlurmctldPort=${controller}`,
    'SlurmUser=root',
    'SlurmdUser=root',
    'AuthType=auth/munge',
    `AuthInfo=socket=${dir}/munge.socket,cred_expire=5`, // five seconds to the start of a requeued job, not 120
    'CredType=cred/munge',
    `StateSaveLocation=${dir}/state`,
    `SlurmdSpoolDir=${dir}/spool/%n`,
    `SlurmctldPidFile=${dir}/slurmctld.pid`,
    `SlurmctldLogFile=${dir}/slurmctld.log`,
    `SlurmdPidFile=${dir}/slurmd-%n.pid`,
    `SlurmdLogFile=${dir}/slurmd-%n.log`,
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'MpiDefault=none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core',
    'JobAcctGatherType=jobacct_gather/none',
    'AccountingStorageType=accounting_storage/none',
    'ReturnToService=2',
    'SlurmdParameters=config_overrides',
    'JobRequeue=1',
    'KillWait=10',
    'SlurmdTimeout=30',
    'SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2',
    'GresTypes=gpu',
    ...nodes.map(
      (node, index) =>
        `NodeName=${node} NodeAddr=127.0.0.1 NodeHostname=${hostname()} Port=${ports[index]} CPUs=4 ` +
        'RealMemory=4000 Gres=gpu:2 State=UNKNOWN',
    ),
    `PartitionName=all Nodes=${nodes.join(',')} Default=YES MaxTime=INFINITE State=UP`,
  ];
  const conf = join(dir, 'slurm.conf');
  writeFileSync(conf, `${lines.join('\n')}\n`);
  return conf;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((settle) =>
          server.listen(0, '127.0.0.1', () => settle((server.address() as AddressInfo).port)),
        ),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((settle) => server.close(settle))));
  return ports;
}
