import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../shared/runtime/clock.ts';
import type { Transport } from '../../shared/transport/transport.ts';
import { createKeyPair, createZeromqTransport } from '../../shared/transport/zeromq.ts';
import { requiresIpv6 } from '../support/requires.ts';
import { bytes, openHub, openLink, testTransport, text, transportOptions } from './contract.ts';

const transport = createZeromqTransport(systemClock);
const patienceMs = 15_000;

async function until(done: () => boolean): Promise<void> {
  for (let waitedMs = 0; !done(); waitedMs += 5) {
    assert(waitedMs < patienceMs, `not so within ${patienceMs} ms: ${done.toString()}`);
    await sleep(5);
  }
}

describe('the contract', () => {
  testTransport(() => ({ hubs: transport, links: transport, until, settle: () => sleep(400) }));
});

describe('the contract, by sockets alone', () => {
  const plain = createZeromqTransport(systemClock, { sharedMemory: false });
  testTransport(() => ({ hubs: plain, links: plain, until, settle: () => sleep(400) }));
});

const [serverKeys, linkKeys] = [createKeyPair(), createKeyPair()];

/** The same transport with keys on both sides. */
const keyed = (): Transport => ({
  bind: (endpoint, options, events) =>
    transport.bind(endpoint, { ...options, keys: { ...serverKeys, allowed: [linkKeys.publicKey] } }, events),
  connect: (endpoint, options, events) =>
    transport.connect(
      endpoint,
      { ...options, keys: { ...linkKeys, serverKey: serverKeys.publicKey } },
      events,
    ),
});

describe('the contract, encrypted', () => {
  testTransport(() => ({ hubs: keyed(), links: keyed(), until, settle: () => sleep(400) }));
});

test('addresses of IPv6 serve as well, with keys and without', async (context) => {
  if (!requiresIpv6(context)) return;
  for (const each of [transport, keyed()]) {
    const { hub, heard } = await openHub(each, 'tcp://[::1]:0', (peer, frames) => hub.send(peer, frames));
    assert.match(hub.endpoint, /^tcp:\/\/\[::1\]:\d+$/);
    const { link, heard: echoes } = openLink(each, hub.endpoint, 'a');
    await until(() => echoes.length === 1);
    assert.equal(text(heard[0]!.frames), 'a');
    await link.close();
    await hub.close();
  }
});

const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts test/support/transport-peer.ts. */
function startPeer(...parameters: string[]): { child: ChildProcess; lines: string[] } {
  const script = new URL('../support/transport-peer.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: string[] = [];
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (data: string) => lines.push(...data.split('\n').filter((line) => line !== '')));
  return { child, lines };
}

const stopLongMs = 3 * 1000; // three times the peers' time-out
/** Far above every wait of these tests: who is gone must show in another way. */
const patient = { ...transportOptions, peerTimeoutMs: 600_000 };

test('a link whose process is busy stays, stopped it is lost, and it comes back anew; a killed one is lost', async () => {
  const recording = await openHub({
    ...transport,
    bind: (endpoint, options, events) =>
      transport.bind(endpoint, { ...options, peerTimeoutMs: 1000 }, events),
  });
  const { hub, heard, lost, peers } = recording;
  const { child, lines } = startPeer('link', hub.endpoint);
  await until(() => heard.length === 1);

  hub.send(peers()[0]!, [bytes(`block ${stopLongMs}`)]);
  await until(() => heard.length === 2);
  assert.equal(text(heard[1]!.frames), 'unblocked');
  assert.deepEqual(lost, []);

  child.kill('SIGSTOP');
  await until(() => lost.length === 1);
  child.kill('SIGCONT');
  await until(() => peers().length === 2);
  assert(lines.includes('connected') && lines.some((line) => line.startsWith('lost')));

  child.kill('SIGKILL');
  await until(() => lost.length === 2);
  assert.deepEqual(
    lost.map(({ peer }) => peer),
    peers(),
  );
  await hub.close();
});

test('a killed process is lost long before its time-out, since its connections end', async () => {
  const lost: string[] = [];
  const heard: string[] = [];
  const hub = await transport.bind('tcp://127.0.0.1:0', patient, {
    onFrames: (peer) => void heard.push(peer),
    onPeerLost: (peer) => void lost.push(peer),
  });
  const { child } = startPeer('link', hub.endpoint);
  await until(() => heard.length === 1);
  child.kill('SIGKILL');
  hub.send(heard[0]!, [bytes('anything')]);
  await until(() => lost.length === 1);
  await hub.close();
});

test('a hub whose process is busy stays, a stopped one is lost, and what it says before its end arrives', async () => {
  const { child, lines } = startPeer('hub');
  await until(() => lines.length === 1);
  const { link, heard, events } = openLink(transport, lines[0]!, 'a');
  await until(() => heard.length === 1);

  link.send([bytes(`block ${stopLongMs}`)]);
  await until(() => heard.length === 2);
  assert.equal(text(heard[1]), 'unblocked');
  assert.deepEqual(events, ['connected']);

  child.kill('SIGSTOP');
  await until(() => events.length === 2);
  child.kill('SIGCONT');
  await until(() => events.length === 3);
  assert.deepEqual(events, ['connected', 'lost', 'connected']);

  heard.length = 0;
  const exited = once(child, 'exit');
  link.send([bytes('close')]);
  await until(() => heard.filter((frames) => text(frames) === 'payload').length === 8);
  assert.deepEqual(await exited, [0, null], 'a process with a closed hub ends by itself');
  await link.close();
});

test('a process with a closed link ends by itself, and what it said before arrives', async () => {
  const { hub, heard, peers } = await openHub(transport);
  const { child } = startPeer('link', hub.endpoint);
  await until(() => heard.length === 1);
  const exited = once(child, 'exit');
  hub.send(peers()[0]!, [bytes('close')]);
  assert.deepEqual(await exited, [0, null]);
  await until(() => heard.filter(({ frames }) => text(frames) === 'payload').length === 8);
  await hub.close();
});

test('a link that is dropped as soon as it speaks comes back after longer and longer pauses', async () => {
  let attempts = 0;
  const { hub } = await openHub(transport, 'tcp://127.0.0.1:0', (peer) => {
    attempts += 1;
    hub.drop(peer, 'not for you');
  });
  const link = transport.connect(hub.endpoint, transportOptions, {
    onConnected: () => link.send([bytes('a')]),
    onFrames: () => {},
    onLost: () => {},
  });
  await sleep(3000); // pauses of 0.1, 0.2, 0.4, 0.8 and 1.6 s
  assert.ok(attempts >= 2 && attempts <= 6, `${attempts} attempts`);
  await link.close();
  await hub.close();
});

test('an address that is none is refused in one line', async () => {
  const line =
    /^(LockstepError: )?cannot (listen on|connect to) [^\n]*expected such as tcp:\/\/127\.0\.0\.1:5770$/;
  await assert.rejects(openHub(transport, 'tcp://nowhere'), line);
  await assert.rejects(openHub(transport, 'nonsense'), line);
  assert.throws(() => openLink(transport, 'nonsense', 'a'), { message: line });
});
