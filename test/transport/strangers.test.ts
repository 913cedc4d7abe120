import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Dealer } from 'zeromq';
import { systemClock } from '../../shared/runtime/clock.ts';
import type { StrangerKind, Transport } from '../../shared/transport/transport.ts';
import { createKeyPair, createZeromqTransport } from '../../shared/transport/zeromq.ts';
import { bytes, closeAll, openHub, openLink, text, transportOptions } from './contract.ts';

const transport = createZeromqTransport(systemClock);
const patienceMs = 15_000;
const [serverKeys, linkKeys, otherKeys] = [createKeyPair(), createKeyPair(), createKeyPair()];

/** The transport with keys on both sides. */
const keyed = (own = linkKeys, serverKey = serverKeys.publicKey): Transport => ({
  bind: (endpoint, options, events) =>
    transport.bind(endpoint, { ...options, keys: { ...serverKeys, allowed: [linkKeys.publicKey] } }, events),
  connect: (endpoint, options, events) =>
    transport.connect(endpoint, { ...options, keys: { ...own, serverKey } }, events),
});

async function until(done: () => boolean): Promise<void> {
  for (let waitedMs = 0; !done(); waitedMs += 5) {
    assert(waitedMs < patienceMs, `not so within ${patienceMs} ms: ${done.toString()}`);
    await sleep(5);
  }
}

test('with keys, strangers are kept out, told why where it can be told, and counted by kind', async () => {
  const strangers: StrangerKind[] = [];
  const heard: string[] = [];
  const hub = await keyed().bind('tcp://127.0.0.1:0', transportOptions, {
    onFrames: (_, frames) => void heard.push(text(frames)),
    onPeerLost: () => {},
    onStranger: (kind) => void strangers.push(kind),
  });
  for (const [kind, stranger, forGood] of [
    ['noKeys', transport, true],
    ['unknownKey', keyed(otherKeys), true],
    ['wrongServerKey', keyed(linkKeys, otherKeys.publicKey), false],
  ] as const) {
    const before = strangers.length;
    const refusals: boolean[] = [];
    const link = stranger.connect(hub.endpoint, transportOptions, {
      onFrames: () => {},
      onConnected: () => link.send([bytes('a stranger')]),
      onLost: () => {},
      onRefused: (_, isForGood) => void refusals.push(isForGood),
    });
    await until(() => refusals.length > 0 && strangers.length > before);
    await link.close();
    const kinds = kind === 'noKeys' ? [kind, 'garbage'] : [kind]; // it may hang up before it said all
    assert.ok(kinds.includes(strangers[before]!), `${strangers[before]}, expected ${kind}`);
    assert.equal(refusals[0], forGood, kind);
  }
  const honest = openLink(keyed(), hub.endpoint, 'honest');
  await until(() => heard.length === 1);
  assert.deepEqual(heard, ['honest']);
  await closeAll(hub, [honest]);
});

test('who speaks before hello, and who is dropped, is not heard any more, even after another hello', async () => {
  const strangers: StrangerKind[] = [];
  const heard: string[] = [];
  const hub = await transport.bind('tcp://127.0.0.1:0', transportOptions, {
    onFrames(peer, frames) {
      heard.push(text(frames));
      if (text(frames) === 'enough') hub.drop(peer, 'enough');
    },
    onPeerLost: () => {},
    onStranger: (kind) => void strangers.push(kind),
  });
  const sockets: Dealer[] = [];
  for (const [routingId, greets] of [
    ['anybody', false],
    ['worker:0123456789abcdef', true],
  ] as const) {
    const socket = new Dealer({ linger: 0, routingId });
    sockets.push(socket);
    socket.connect(hub.endpoint);
    if (greets) await socket.send('');
    for (const word of ['enough', 'more', '', 'and more', '', 'and more']) await socket.send(word);
  }
  const honest = openLink(transport, hub.endpoint, 'honest');
  await until(() => heard.includes('honest') && strangers.length > 0);
  await sleep(400); // two probes of everybody
  await sockets[1]!.send('still more');
  honest.link.send([bytes('the end')]);
  await until(() => heard.includes('the end'));
  assert.deepEqual(
    heard.filter((word) => word !== 'honest'),
    ['enough', 'the end'],
  );
  assert.deepEqual(strangers, ['noHello']);
  for (const socket of sockets) socket.close();
  await closeAll(hub, [honest]);
});

test('strangers, scans and garbage never reach the hub, and trouble nobody', async () => {
  const { hub, heard, lost } = await openHub(transport);
  const honest = openLink(transport, hub.endpoint, 'honest');
  await until(() => heard.length === 1);
  const port = Number(new URL(hub.endpoint).port);
  const zmtpGreeting = Buffer.concat([
    Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]),
    Buffer.from('NULL'.padEnd(52, '\0')),
  ]);
  const garbage = [
    Buffer.alloc(0),
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.alloc(100_000),
    Buffer.alloc(100_000, 0xff),
    Buffer.concat([zmtpGreeting, Buffer.alloc(1000, 0x04)]),
    Buffer.concat([zmtpGreeting, Buffer.from([6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])]),
  ];
  for (const data of garbage) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}); // the hub hangs up on most of it, which may come as a reset
    socket.resume().end(data);
    await new Promise((resolve) => socket.once('close', resolve)); // events.once() would reject upon that error
  }
  for (const routingId of ['stranger', 'worker:0123456789abcdef']) {
    const stranger = new Dealer({ linger: 0, routingId });
    stranger.connect(hub.endpoint);
    await stranger.send([Buffer.from('frames without a hello'), Buffer.alloc(1000)]);
    await sleep(50);
    stranger.close();
  }
  honest.link.send([bytes('still there')]);
  await until(() => heard.length === 2);
  assert.deepEqual(
    heard.map(({ frames }) => text(frames)),
    ['honest', 'still there'],
  );
  assert.deepEqual(lost, []);
  assert.deepEqual(honest.events, ['connected']);
  await closeAll(hub, [honest]);
});
