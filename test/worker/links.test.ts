import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryNetwork } from '../../shared/transport/memory.ts';
import { createLinks } from '../../worker/links.ts';

const transportOptions = { maxFrameBytes: 1024, peerTimeoutMs: 1000 };

/** A coordinator and two reducers that say nothing, and what a worker's links are told. */
async function createScene() {
  const network = createMemoryNetwork({ seed: 1 });
  const heard: string[] = [];
  const hub = (name: string) =>
    network.host(name).transport.bind(`tcp://${name}:1`, transportOptions, {
      onFrames: (_peer, [frame]) => void heard.push(`${name} ${String(frame)}`),
      onPeerLost: () => void heard.push(`${name} lost it`),
    });
  for (const name of ['c', 'r', 's']) await hub(name);
  const links = createLinks({
    transport: network.host('w').transport,
    transportOptions,
    endpoint: 'tcp://c:1',
    onConnected: (link) => void heard.push(`${link} up`),
    onFrames: () => {},
    onLost: (reason) => void heard.push(reason.replace(/ \(.*/, '')),
  });
  network.runFor(50);
  return { network, links, heard };
}

test('who is asked is answered, by number', async () => {
  const { network, links, heard } = await createScene();
  links.join(['tcp://r:1', 'tcp://s:1']);
  network.runFor(50);
  assert.deepEqual(heard.splice(0).sort(), ['0 up', '1 up', '2 up']);
  for (const link of [2, 0, 1, 3]) links.send(link, [Uint8Array.of(link)]);
  network.runFor(50);
  assert.deepEqual(heard.sort(), ['c 0', 'r 1', 's 2']);
});

for (const lost of ['c', 'r'])
  test(`the loss of one is told once, and all begins again at the coordinator (${lost})`, async () => {
    const { network, links, heard } = await createScene();
    links.join(['tcp://r:1', 'tcp://s:1']);
    network.runFor(50);
    heard.length = 0;
    network.crash(lost);
    network.runFor(20);
    await new Promise(setImmediate); // the old link is closed
    network.runFor(500);
    const others = ['c', 'r', 's'].filter((name) => name !== lost).map((name) => `${name} lost it`);
    const told = lost === 'c' ? ['the coordinator is gone'] : ['0 up', 'a reducer is gone'];
    assert.deepEqual(heard.sort(), [...told, ...others].sort());
    await links.close();
  });
