/**
 * What every transport promises (shared/transport/transport.ts), as one suite that is run on each of them.
 *
 * Nothing here depends on how long things take: a world lets its time pass until a condition holds, and for a
 * while to see that something does not happen.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LockstepError } from '../../shared/errors.ts';
import type {
  Frames,
  Hub,
  Link,
  PeerId,
  Transport,
  TransportOptions,
} from '../../shared/transport/transport.ts';

export interface World {
  readonly hubs: Transport;
  readonly links: Transport;
  /** Lets time pass until the condition holds. */
  until(done: () => boolean): Promise<void>;
  /** Lets time pass, a good while longer than any message takes. */
  settle(): Promise<void>;
}

export const transportOptions: TransportOptions = { maxFrameBytes: (1 << 22) + 4096, peerTimeoutMs: 2000 };
export const anyPort = 'tcp://127.0.0.1:0';

/** A hub that keeps what it was told. */
export interface RecordingHub {
  readonly hub: Hub;
  readonly heard: { peer: PeerId; frames: Frames }[];
  readonly lost: { peer: PeerId; reason: string }[];
  /** The peers heard of, in order of their first message. */
  peers(): PeerId[];
}

export async function openHub(
  transport: Transport,
  endpoint = anyPort,
  onFrames?: (peer: PeerId, frames: Frames) => void,
): Promise<RecordingHub> {
  const heard: RecordingHub['heard'] = [];
  const lost: RecordingHub['lost'] = [];
  const hub = await transport.bind(endpoint, transportOptions, {
    onFrames(peer, frames) {
      assert(!lost.some((one) => one.peer === peer), `${peer} spoke after it was lost`);
      heard.push({ peer, frames: frames.map(kept) });
      onFrames?.(peer, frames.map(kept));
    },
    onPeerLost: (peer, reason) => void lost.push({ peer, reason }),
  });
  return { hub, heard, lost, peers: () => [...new Set(heard.map(({ peer }) => peer))] };
}

/**
 * A hub where another one was. Any port that the system chooses is one that it may also choose for a link that
 * connects, even to itself, so the endpoint can be taken for a moment; that is no fault of who bound it before.
 */
async function reopenHub(transport: Transport, endpoint: string): Promise<RecordingHub> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openHub(transport, endpoint);
    } catch (error) {
      if (!(error instanceof LockstepError) || attempt === 100) throw error;
      await delay(20);
    }
  }
}

/** A link that says its name whenever it is connected, and keeps what it was told. */
export interface RecordingLink {
  readonly link: Link;
  readonly heard: Frames[];
  readonly events: ('connected' | 'lost')[];
}

export function openLink(transport: Transport, endpoint: string, name: string): RecordingLink {
  const heard: Frames[] = [];
  const events: RecordingLink['events'] = [];
  const link = transport.connect(endpoint, transportOptions, {
    onFrames: (frames) => void heard.push(frames.map(kept)),
    onConnected() {
      events.push('connected');
      link.send([bytes(name)]);
    },
    onLost: () => void events.push('lost'),
  });
  return { link, heard, events };
}

/** Frames are valid during the call alone. */
const kept = (part: Uint8Array): Uint8Array => new Uint8Array(part);

export const bytes = (text: string): Uint8Array => Buffer.from(text);
export const text = (frames: Frames | undefined): string => Buffer.from(frames?.[0] ?? []).toString();

export function testTransport(createWorld: () => World): void {
  test('between a pair, messages arrive whole and in the order in which they were sent', async () => {
    const world = createWorld();
    const count = 2000;
    const { hub, heard } = await openHub(world.hubs, anyPort, (peer, frames) => hub.send(peer, frames));
    const links = ['a', 'b', 'c'].map((name) => ({ name, ...openLink(world.links, hub.endpoint, name) }));
    await world.until(() => heard.length === links.length);
    for (let index = 0; index < count; index++)
      for (const { link, name } of links)
        link.send([bytes(`${name}${index}`), new Uint8Array((index * 37) % 300)]);
    await world.until(() => links.every((one) => one.heard.length === count + 1));
    for (const { name, heard: echoes } of links)
      for (const [index, frames] of echoes.slice(1).entries()) {
        assert.equal(text(frames), `${name}${index}`);
        assert.equal(frames[1]?.byteLength, (index * 37) % 300);
      }
    await closeAll(hub, links);
  });

  test('large payloads arrive bit by bit, both ways', async () => {
    const world = createWorld();
    const payloads = Array.from({ length: 6 }, (_, seed) => noise(1 << 20, seed));
    const { hub, heard } = await openHub(world.hubs, anyPort, (peer, frames) => hub.send(peer, frames));
    const one = openLink(world.links, hub.endpoint, 'a');
    await world.until(() => heard.length === 1);
    for (const payload of payloads) one.link.send([bytes('header'), new Uint8Array(payload.buffer)]);
    await world.until(() => one.heard.length === payloads.length + 1);
    for (const messages of [heard.map(({ frames }) => frames), one.heard])
      for (const [index, payload] of payloads.entries())
        assert.deepEqual(new Float32Array(messages[index + 1]![1]!.buffer), payload);
    await closeAll(hub, [one]);
  });

  test('a link that is closed is lost to the hub, once, after what it said last', async () => {
    const world = createWorld();
    const { hub, heard, lost, peers } = await openHub(world.hubs);
    const one = openLink(world.links, hub.endpoint, 'a');
    await world.until(() => heard.length === 1);
    one.link.send([bytes('the last word')]);
    await one.link.close();
    await world.until(() => lost.length === 1);
    assert.deepEqual(
      heard.map(({ frames }) => text(frames)),
      ['a', 'the last word'],
    );
    assert.equal(lost[0]!.peer, peers()[0]);
    hub.send(lost[0]!.peer, [bytes('to nobody')]);
    await world.settle();
    assert.equal(lost.length, 1);
    assert.deepEqual(one.events, ['connected'], 'who closes is told nothing');
    await hub.close();
  });

  test('a hub that is closed is lost to its links after what it said last; they find the next one', async () => {
    const world = createWorld();
    const first = await openHub(world.hubs, anyPort, (peer) => {
      first.hub.send(peer, [bytes('the last word')]);
      closing ??= first.hub.close();
    });
    let closing: Promise<void> | undefined;
    const one = openLink(world.links, first.hub.endpoint, 'a');
    await world.until(() => one.events.length === 2);
    await closing;
    assert.deepEqual(one.heard.map(text), ['the last word']);
    one.link.send([bytes('to nobody')]);

    const second = await reopenHub(world.hubs, first.hub.endpoint);
    await world.until(() => second.heard.length === 1);
    await world.settle();
    assert.deepEqual(one.events, ['connected', 'lost', 'connected']);
    assert.deepEqual(
      second.heard.map(({ frames }) => text(frames)),
      ['a'],
      'what was said to nobody stays unheard',
    );
    assert.notEqual(second.peers()[0], first.peers()[0], 'a peer id is never used again');
    await closeAll(second.hub, [one]);
  });

  test('a dropped peer is lost to both sides, is never heard again, and comes back under another id', async () => {
    const world = createWorld();
    const recording = await openHub(world.hubs);
    const { hub, heard, lost, peers } = recording;
    const dropped = openLink(world.links, hub.endpoint, 'dropped');
    const other = openLink(world.links, hub.endpoint, 'other');
    await world.until(() => heard.length === 2);
    const peer = heard.find(({ frames }) => text(frames) === 'dropped')!.peer;
    for (let index = 0; index < 100; index++) dropped.link.send([bytes('chatter')]);
    hub.send(peer, [bytes('queued')]);
    hub.drop(peer, 'for a reason');
    assert.equal(lost.length, 0, 'nobody is told from within a call');
    hub.drop(peer, 'twice');
    hub.send(peer, [bytes('to nobody')]);
    await world.until(() => peers().length === 3);
    await world.settle();
    assert.deepEqual(lost, [{ peer, reason: 'for a reason' }]);
    assert.deepEqual(dropped.events, ['connected', 'lost', 'connected']);
    assert.deepEqual(other.events, ['connected']);
    await closeAll(hub, [dropped, other]);
  });

  test('a frame over the limit ends the connection of its sender, and of nobody else', async () => {
    const world = createWorld();
    const { hub, heard, lost } = await openHub(world.hubs);
    const loud = openLink(world.links, hub.endpoint, 'loud');
    const other = openLink(world.links, hub.endpoint, 'other');
    await world.until(() => heard.length === 2);
    loud.link.send([bytes('header'), new Uint8Array(transportOptions.maxFrameBytes + 1)]);
    await world.until(() => lost.length === 1 && loud.events.length === 3);
    other.link.send([bytes('still there')]);
    await world.until(() => heard.some(({ frames }) => text(frames) === 'still there'));
    assert(heard.every(({ frames }) => frames.length === 1));
    assert.deepEqual(loud.events, ['connected', 'lost', 'connected']);
    assert.deepEqual(other.events, ['connected']);
    await closeAll(hub, [loud, other]);
  });

  test('a link may come before its hub, and a hub is refused an endpoint that another one has', async () => {
    const world = createWorld();
    const gone = await openHub(world.hubs);
    const { endpoint } = gone.hub;
    await gone.hub.close();
    const early = openLink(world.links, endpoint, 'early');
    await world.settle();
    assert.deepEqual(early.events, []);
    const { hub, heard } = await openHub(world.hubs, endpoint);
    await world.until(() => heard.length === 1);
    await assert.rejects(openHub(world.hubs, endpoint), (error) => {
      assert(error instanceof LockstepError);
      assert.match(error.message, /^tcp:\/\/127\.0\.0\.1:\d+ is in use: .*$/);
      return true;
    });
    await closeAll(hub, [early]);
  });
}

export async function closeAll(hub: Hub, links: readonly { link: Link }[]): Promise<void> {
  await Promise.all(links.map(({ link }) => link.close()));
  await hub.close();
}

/** Bytes without a pattern, as floats that are all numbers. */
function noise(count: number, seed: number): Float32Array {
  let state = seed + 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  });
}
