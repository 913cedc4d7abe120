/**
 * A real coordinator under every attack of docs/security.md: the run ends in the same bits as one in peace, its
 * memory stays bounded, and each kind of attack is told of.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageVersion } from '../../../deploy/cli/version.ts';
import { openRowCache } from '../../../shared/data/row-cache.ts';
import { withChecksum } from '../../../shared/protocol/control.ts';
import { encodeFrame } from '../../../shared/protocol/frame.ts';
import type { WorkerMessage } from '../../../shared/protocol/messages.ts';
import {
  helloOf,
  isOldOneRefused,
  isRefused,
  nodeOf,
  noise,
  openImpostor,
  openRaw,
  readyOf,
  rowsOf,
  say,
  saySlowly,
  zmtpGreeting,
} from '../../support/attackers.ts';
import { runLockstep, startLockstep, stepsIn, summaryOf, train, until } from '../../support/lockstep.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { smallRun } from './small-run.ts';

const flags = [...smallRun, '--runtime', 'wasm', '--steps', '60'];
const crowd = 2000; // connections at once
const handshakeMs = 3000; // as zeromq.ts has it
const mostGrowth = 200e6; // bytes of resident memory

/** 0 once the process has ended. */
function residentBytes(pid: number): number {
  const status = `/proc/${pid}/status`;
  const found = existsSync(status) ? /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(status, 'utf8')) : null;
  return Number(found?.[1] ?? 0) * 1024;
}

/** Keeps the largest resident memory of a process. */
function watchMemory(pid: number, context: TestContext): () => { first: number; most: number } {
  const first = residentBytes(pid);
  let most = first;
  const timer = setInterval(() => (most = Math.max(most, residentBytes(pid))), 50);
  context.after(() => clearInterval(timer));
  return () => {
    clearInterval(timer);
    return { first, most };
  };
}

async function startCoordinator(words: readonly string[], context: TestContext) {
  const running = startLockstep(['coordinator', '--json', ...flags, ...words]);
  context.after(() => running.child.kill('SIGKILL'));
  let told = '';
  running.child.stderr!.on('data', (data: Buffer) => (told += data.toString()));
  const endpoint = (): string | undefined => /connect to (tcp:\S+)/.exec(told)?.[1];
  await until(
    () => endpoint() !== undefined,
    () => told,
  );
  return { ...running, told: () => told, endpoint: endpoint()!, port: Number(new URL(endpoint()!).port) };
}

async function makeNoise(port: number): Promise<void> {
  for (const data of Object.values(noise)) await say(port, data);
}

/** Those whose connection the system itself forgot, its queue being full, would wait for ever: they are not asked. */
async function bringACrowd(port: number): Promise<void> {
  const sockets = Array.from({ length: crowd }, () => openRaw(port));
  let closed = 0;
  for (const socket of sockets) socket.once('close', () => (closed += 1));
  await sleep(2 * handshakeMs);
  for (const socket of sockets) socket.destroy();
  assert.ok(closed > 100, `only ${closed} of ${crowd} were shown the door`);
}

/** Peers that speak the transport's language, each with another thing to say. All end up outside. */
async function sendImpostors(endpoint: string): Promise<void> {
  const header = Buffer.alloc(48, 1);
  const forged = (task: number): Uint8Array[] => [
    ...encodeFrame(
      { type: 'sum', task, attempt: 0, first: 0, end: 1, chunk: 0, values: new Float32Array(4) },
      1,
    ),
  ];
  const attacks: Readonly<Record<string, readonly (readonly Uint8Array[])[]>> = {
    'no frame of ours': [[header, Buffer.alloc(1000)]],
    'three parts': [[header, header, header]],
    'a forged header with a valid checksum': Array.from({ length: 40 }, (_, task) => forged(task)),
    'a nest of arrays': [[withChecksum(Buffer.alloc(60_000, 0x91))]],
    'an array of 2^32': [[withChecksum(Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]))]],
    'a control message that was damaged': [[Buffer.alloc(60, 0x91)]],
    'a message of a megabyte': [[Buffer.alloc(1_000_000, 0xc0)]],
    'a key that reaches for the prototype': [
      [withChecksum(Buffer.from('81a95f5f70726f746f5f5f81a161c3', 'hex'))],
    ],
    'a flood of large frames': Array.from({ length: 100 }, () => [header, Buffer.alloc(4 << 20)]),
    'a frame over the limit': [[header, Buffer.alloc(5 << 20)]],
  };
  for (const [name, messages] of Object.entries(attacks)) {
    const impostor = await openImpostor(endpoint);
    for (const frames of messages) if (!(await impostor.send(frames))) break;
    const isHarmless = name.startsWith('a forged header'); // of a task that is not open: stale, and forgotten
    if (!isHarmless) await until(impostor.gone, () => name);
    impostor.close();
  }
}

/** Workers that lie about their version, data, model, or say twice what is said once. */
async function sendLiars(endpoint: string): Promise<void> {
  const hello = helloOf(packageVersion());
  const lies: Readonly<Record<string, (dataPath: string) => readonly WorkerMessage[]>> = {
    'says hello twice': () => [hello],
    'sees other data': () => [readyOf('0'.repeat(64))],
    'has another model': (dataPath) => [readyOf(hashOf(dataPath))],
    'computes before it is ready': () => [nodeOf(0)],
    'asks for rows that are not there': () => [rowsOf(1, 2 ** 31)],
    'asks for rows without end': () => [1, 2, 3, 4, 5].map((request) => rowsOf(request, 0)),
  };
  for (const [name, lie] of Object.entries(lies)) {
    const liar = await openImpostor(endpoint);
    await liar.tell(hello);
    await until(
      () => liar.heard.length > 0,
      () => name,
    );
    const [welcome] = liar.heard;
    assert(welcome?.type === 'welcome');
    for (const message of lie(welcome.data.path)) await liar.tell(message);
    const isHarmless = name.startsWith('computes'); // of a task that is not open: stale, and forgotten
    if (!isHarmless)
      await until(
        () => liar.gone() || isRefused(liar),
        () => name,
      );
    liar.close();
  }
  assert.ok(await isOldOneRefused(endpoint), 'another version is refused, with the reason');
}

function hashOf(dataPath: string): string {
  const data = openRowCache(dataPath);
  data.close();
  return data.hash;
}

suite('under attack', { timeout: 280_000 }, () => {
  test('a run without keys ends in the same bits, in bounded memory, and tells of each kind', async (context) => {
    const folder = temporaryFolder();
    const reference = await train([...flags, '--workers', '1', '--run-dir', join(folder, 'peace')]);
    const runDir = join(folder, 'war');
    const { child, ended, told, endpoint, port } = await startCoordinator(
      ['--port', '0', '--workers', '1', '--run-dir', runDir],
      context,
    );
    const memory = watchMemory(child.pid!, context);
    await makeNoise(port);
    const slow = saySlowly(port, zmtpGreeting, 200);
    await bringACrowd(port);
    assert.ok((await slow) < 3 * handshakeMs, 'who says a byte now and then is shown the door');
    await sendImpostors(endpoint);
    const worker = runLockstep(['worker', '--connect', endpoint, '--runtime', 'wasm']);
    await until(() => stepsIn(runDir) >= 2, told);
    await Promise.all([makeNoise(port), sendLiars(endpoint)]);
    if (stepsIn(runDir) < 50) await sendImpostors(endpoint);
    const summary = summaryOf(await ended);
    assert.equal(summary.parametersSha256, reference.parametersSha256);
    assert.equal((await worker).code, 0);
    const { first, most } = memory();
    context.diagnostic(
      `resident memory ${Math.round(first / 1e6)} MB at first, ${Math.round(most / 1e6)} at most`,
    );
    assert.ok(most - first < mostGrowth, `${most - first} bytes more than at first`);
    for (const kind of [
      'garbage',
      'silent',
      'magic',
      'parts',
      'controlCrc',
      'encoding',
      'size',
      'unasked',
      'bounds',
      'flood',
    ])
      assert.match(told(), new RegExp(`\\(${kind}\\)`), `${kind}:\n${told()}`);
    for (const line of told().split('\n'))
      if (/kept out|dropped|refused/.test(line)) context.diagnostic(line);
  });

  test('a run with keys ends in the same bits; strangers never get to say a word', async (context) => {
    const folder = temporaryFolder();
    const at = await startCoordinator(
      ['--port', '0', '--workers', '1', '--run-dir', join(folder, 'x')],
      context,
    );
    at.child.kill('SIGKILL'); // for a port that is free
    const [file, other] = [join(folder, 'box.json'), join(folder, 'other.json')];
    for (const name of [file, other]) {
      const { code, stderr } = await runLockstep(['keygen', name, '--endpoint', at.endpoint]);
      assert.equal(code, 0, stderr);
    }
    const reference = await train([...flags, '--workers', '1', '--run-dir', join(folder, 'peace')]);
    const words = [
      '--keys',
      join(folder, 'box.server.json'),
      '--workers',
      '1',
      '--run-dir',
      join(folder, 'war'),
    ];
    const { child, ended, told, endpoint, port } = await startCoordinator(words, context);
    const memory = watchMemory(child.pid!, context);
    await makeNoise(port);
    await bringACrowd(port);
    const connect = (name: string) => runLockstep(['worker', '--connect', name, '--runtime', 'wasm']);
    const keyless = await connect(endpoint);
    assert.equal(keyless.code, 78, keyless.stderr);
    assert.match(keyless.stderr, /one side has keys and the other has none/);
    const stranger = startLockstep(['worker', '--connect', other, '--runtime', 'wasm']); // tries again and again
    await until(() => /\(wrongServerKey\)/.test(told()), told);
    stranger.child.kill('SIGKILL');
    assert.equal((await connect(file)).code, 0);
    const summary = summaryOf(await ended);
    assert.equal(summary.parametersSha256, reference.parametersSha256);
    const { first, most } = memory();
    context.diagnostic(
      `resident memory ${Math.round(first / 1e6)} MB at first, ${Math.round(most / 1e6)} at most`,
    );
    assert.ok(most - first < mostGrowth, `${most - first} bytes more than at first`);
    const secrets = [file, join(folder, 'box.server.json')].flatMap((name) =>
      Object.entries(JSON.parse(readFileSync(name, 'utf8')) as Record<string, string>).filter(([key]) =>
        /Secret/.test(key),
      ),
    );
    assert.equal(secrets.length, 2);
    for (const [, secret] of secrets) assert.ok(!told().includes(secret) && !keyless.stderr.includes(secret));
  });
});
