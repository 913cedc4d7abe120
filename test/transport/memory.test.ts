import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMemoryNetwork, type MemoryNetwork } from '../../shared/transport/memory.ts';
import { bytes, closeAll, openHub, openLink, testTransport, text, transportOptions } from './contract.ts';

describe('the contract', () => {
  testTransport(() => {
    const network = createMemoryNetwork({ seed: 1 });
    return {
      hubs: network.host('hub').transport,
      links: network.host('links').transport,
      until: (done) => network.runUntil(done),
      settle: () => Promise.resolve(network.runFor(10 * transportOptions.peerTimeoutMs)),
    };
  });
});

/** A hub that echoes, and links on hosts of their own that were heard. */
async function setUp(network: MemoryNetwork, names: readonly string[]) {
  const recording = await openHub(network.host('hub').transport, undefined, (peer, frames) =>
    recording.hub.send(peer, frames),
  );
  const links = names.map((name) => openLink(network.host(name).transport, recording.hub.endpoint, name));
  await network.runUntil(() => recording.heard.length === names.length);
  return { ...recording, links };
}

test('a seed is a schedule: the same one again, and with another one another order', async () => {
  const transcript = async (seed: number): Promise<string> => {
    const network = createMemoryNetwork({ seed });
    const { heard, links } = await setUp(network, ['a', 'b', 'c', 'd']);
    for (let index = 0; index < 20; index++)
      for (const [rank, { link }] of links.entries()) link.send([bytes(`${rank} ${index}`)]);
    network.runUntilIdle();
    return [...heard.map(({ frames }) => text(frames)), network.nowMs].join('\n');
  };
  assert.equal(await transcript(7), await transcript(7));
  assert.notEqual(await transcript(7), await transcript(8));
});

test('a cut shorter than the time-out delays, a longer one loses, and after it the link comes back', async () => {
  const network = createMemoryNetwork({ seed: 2 });
  const { lost, heard, links } = await setUp(network, ['a']);
  const { link, events, heard: echoes } = links[0]!;

  network.cut('a');
  link.send([bytes('delayed')]);
  network.runFor(transportOptions.peerTimeoutMs - 10);
  assert.equal(heard.length, 1);
  network.heal('a');
  network.runUntilIdle();
  assert.deepEqual(echoes.map(text), ['a', 'delayed']);
  assert.deepEqual(events, ['connected']);

  network.cut('a');
  link.send([bytes('never seen')]);
  network.runFor(transportOptions.peerTimeoutMs + 10);
  assert.deepEqual(events, ['connected', 'lost']);
  assert.equal(lost.length, 1);
  network.heal('a');
  network.runUntilIdle();
  assert.deepEqual(events, ['connected', 'lost', 'connected']);
  assert.deepEqual(
    heard.map(({ frames }) => text(frames)),
    ['a', 'delayed', 'a'],
  );
});

test('of a crashed host nothing runs on; its peers are told, and it may come back', async () => {
  const network = createMemoryNetwork({ seed: 3 });
  const { lost, links, heard, hub } = await setUp(network, ['a', 'b']);
  let ticks = 0;
  network.host('a').clock.after(1, () => void ticks++);
  network.crash('a');
  links[0]!.link.send([bytes('from beyond')]);
  network.runUntilIdle();
  assert.equal(ticks, 0);
  assert.equal(lost.length, 1);
  assert.deepEqual(links[1]!.events, ['connected']);
  const again = openLink(network.host('a').transport, hub.endpoint, 'again');
  await network.runUntil(() => heard.some(({ frames }) => text(frames) === 'again'));
  await closeAll(hub, [again, links[1]!]);
});

test('a paused host keeps its connections, and hears everything in order when it goes on', async () => {
  const network = createMemoryNetwork({ seed: 4 });
  const { hub, links, peers, lost } = await setUp(network, ['a']);
  const told: string[] = [];
  network.host('a').clock.after(50, () => void told.push('timer'));
  network.pause('a');
  for (let index = 0; index < 10; index++) hub.send(peers()[0]!, [bytes(`${index}`)]);
  network.runFor(10 * transportOptions.peerTimeoutMs);
  assert.equal(links[0]!.heard.length, 0);
  assert.deepEqual([told, lost], [[], []]);
  network.resume('a');
  assert.equal(links[0]!.heard.map(text).join(' '), 'a 0 1 2 3 4 5 6 7 8 9');
  assert.deepEqual(told, ['timer']);
});

test('what a sender changes on the way arrives changed', async () => {
  const network = createMemoryNetwork({ seed: 5 });
  const { links, heard } = await setUp(network, ['a']);
  const payload = bytes('before');
  links[0]!.link.send([payload]);
  payload.set(bytes('behind'));
  network.runUntilIdle();
  assert.equal(text(heard.at(-1)!.frames), 'behind');
});

test('a connection that one side ended during a cut ends for the other when it heals, or falls silent', async () => {
  for (const cutMs of [100, 10 * transportOptions.peerTimeoutMs]) {
    const network = createMemoryNetwork({ seed: 4 });
    const { hub, heard, links } = await setUp(network, ['a']);
    hub.drop(heard[0]!.peer, 'not wanted');
    network.cut('hub');
    network.runFor(cutMs);
    network.heal('hub');
    network.runUntilIdle();
    assert.deepEqual(links[0]!.events, ['connected', 'lost', 'connected']);
  }
});
