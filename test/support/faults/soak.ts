/**
 * A soak: small steps for as long as is asked, while workers join, leave and are killed.
 *
 *   npm run soak -- --minutes 10
 *
 * Memory, descriptors and sockets of the coordinator and of a worker that stays are looked at every few seconds;
 * at the end they must be what they were after the first minute. The worker counts its tensors and timers, too.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { flags } from './runs.ts';
import { startLockstep, stepsIn, until } from '../lockstep.ts';

interface Look {
  readonly residentMb: number;
  readonly descriptors: number;
  readonly sockets: number;
}

const growthMb = 48; // that a heap which is collected now and then may differ by
const moreDescriptors = 4; // of workers that are just joining or leaving
const warmUpMs = 60_000;
const main = join(import.meta.dirname, 'faulty-worker.ts');

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const lengthMs = Number(values.minutes) * 60_000;
const folder = mkdtempSync(join(tmpdir(), 'lockstep-soak-'));
try {
  process.exitCode = await soak(join(folder, 'run'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function soak(runDir: string): Promise<number> {
  const words = ['--steps', '10000000', '--workers', '2', '--port', '0', '--run-dir', runDir];
  const often = ['--checkpoint-every', '20s,epoch', '--evaluate-every', '5'];
  const run = startLockstep(['coordinator', ...flags, ...words, ...often]);
  let told = '';
  run.child.stderr!.on('data', (data: Buffer) => (told = (told + data.toString()).slice(-20_000)));
  await until(
    () => /connect to (tcp:\S+)/.test(told),
    () => told,
  );
  const endpoint = /connect to (tcp:\S+)/.exec(told)![1]!;
  const steady = startWorker(endpoint);
  await until(
    () => stepsIn(runDir) > 0,
    () => told,
    120_000,
  );
  const counts = { killed: 0, left: 0 };
  const looks = await watch({ run: run.child, steady: steady.child, endpoint, counts });
  const inner = { first: looks.inner[0], last: looks.inner.at(-1) };
  run.child.kill('SIGINT');
  const { code } = await run.ended;
  const problems = [
    ...compare('coordinator', looks.first.coordinator, looks.last.coordinator),
    ...compare('worker', looks.first.worker, looks.last.worker),
    ...(JSON.stringify(inner.first) === JSON.stringify(inner.last)
      ? []
      : ['the worker holds more than before']),
    ...(code === 130 ? [] : [`the coordinator ended with ${code}: ${told}`]),
  ];
  console.log(
    JSON.stringify({ steps: stepsIn(runDir), ...counts, first: looks.first, last: looks.last, inner }),
  );
  for (const problem of problems) console.error(problem);
  return problems.length === 0 ? 0 : 1;
}

interface Soaked {
  readonly run: ChildProcess;
  readonly steady: ChildProcess;
  readonly endpoint: string;
  readonly counts: { killed: number; left: number };
}

/** Lets workers come and go until it is over. */
async function watch({ run, steady, endpoint, counts }: Soaked) {
  const look = () => ({ coordinator: lookAt(run.pid!), worker: lookAt(steady.pid!) });
  const inner: unknown[] = [];
  steady.on('message', (counted) => inner.push(counted));
  const beganMs = performance.now();
  const passedMs = (): number => performance.now() - beganMs;
  let first: ReturnType<typeof look> | null = null;
  for (let round = 0; passedMs() < lengthMs; round++) {
    const guest = startWorker(endpoint);
    await delay(6000 + 700 * (round % 5));
    const isKill = round % 2 === 0;
    guest.child.kill(isKill ? 'SIGKILL' : 'SIGTERM');
    counts[isKill ? 'killed' : 'left'] += 1;
    await guest.ended;
    await delay(2000); // with the steady one alone, as in every look
    if (passedMs() < warmUpMs && passedMs() + 12_000 < lengthMs) continue;
    if (first === null || passedMs() >= lengthMs) steady.send('count');
    first ??= look();
  }
  await delay(500);
  return { first: first ?? look(), last: look(), inner };
}

function startWorker(endpoint: string) {
  const settings = JSON.stringify({ endpoint, fault: null, sharedMemory: true });
  const child = spawn(process.execPath, ['--import', 'tsx', main, settings], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return { child, ended: new Promise((settle) => child.once('exit', settle)) };
}

function lookAt(pid: number): Look {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${name}`)];
    } catch {
      return []; // closed while we looked
    }
  });
  return {
    residentMb: Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) / 1024),
    descriptors: links.length,
    sockets: links.filter((link) => link.startsWith('socket:')).length,
  };
}

function compare(who: string, first: Look, last: Look): string[] {
  const grown = last.residentMb - first.residentMb;
  const more = last.descriptors - first.descriptors;
  return [
    ...(grown > growthMb ? [`${who}: ${grown} MB more than after the first minute`] : []),
    ...(more > moreDescriptors ? [`${who}: ${more} descriptors more than after the first minute`] : []),
  ];
}
