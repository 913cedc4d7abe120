import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createShelf, openShelf } from '../../shared/transport/shelf.ts';

const payloadBytes = 1 << 20;
const payload = (seed: number, length = payloadBytes): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (Math.imul(index + seed, 2654435761) >>> 11) & 0xff);

test('what was put on the shelf is taken from it bit by bit, whatever else lies there', () => {
  const shelf = createShelf(payloadBytes)!;
  const reader = openShelf(shelf.address, payloadBytes)!;
  const payloads = [1, 2, 3].map((seed) => payload(seed, payloadBytes - seed));
  const spots = payloads.map((one) => shelf.put(one)!);
  for (const [index, spot] of spots.entries()) assert.deepEqual(reader.take(spot), payloads[index]);
  reader.close();
  shelf.close();
});

test('a payload for many lies there once, until all have taken it', () => {
  const shelf = createShelf(1000)!;
  const shared = payload(1, 1000);
  const spots = [shelf.put(shared), shelf.put(shared)];
  assert.deepEqual(spots[0], spots[1]);
  shelf.free(spots[0]!.offset);
  assert.notEqual(shelf.put(payload(2, 1000))!.offset, spots[0]!.offset, 'one still reads it');
  shelf.free(spots[0]!.offset);
  assert.equal(shelf.put(payload(3, 1000))!.offset, spots[0]!.offset);
  shelf.close();
});

test('there is room for so many payloads and no more, and none for one that is too large', () => {
  const shelf = createShelf(100)!;
  assert.equal(shelf.put(payload(0, 101)), null);
  let count = 0;
  while (shelf.put(payload(count, 100)) !== null) count += 1;
  assert.equal(count, 32);
  shelf.free(-5);
  shelf.free(4096 + 32 * 4096); // no slot
  assert.equal(shelf.put(payload(99, 100)), null);
  shelf.free(4096);
  assert.notEqual(shelf.put(payload(99, 100)), null);
  shelf.close();
});

test('only a shelf is opened: nothing else that an address may name', () => {
  const shelf = createShelf(100)!;
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-shelf-'));
  writeFileSync(join(folder, 'secret'), 'x'.repeat(100));
  const other = openSync(join(folder, 'secret'), 'r');
  const random = openSync('/dev/zero', 'r');
  const zeros = '0'.repeat(32);
  for (const address of [
    shelf.address.replace(/.$/, (last) => (last === '0' ? '1' : '0')), // another secret
    `/proc/${process.pid}/fd/${other} ${zeros}`, // no shelf
    `/proc/${process.pid}/fd/${random} ${zeros}`, // a device
    `/proc/${process.pid}/fd/9999 ${zeros}`,
    `/proc/self/fd/${other} ${zeros}`,
    `${folder}/secret ${zeros}`,
    `/proc/1/fd/../../../${folder}/secret ${zeros}`,
    '',
  ])
    assert.equal(openShelf(address, 100), null, address);
  const reader = openShelf(shelf.address, 100)!;
  assert.equal(reader.take({ offset: 4096, byteLength: 101 }), null, 'more than a payload');
  assert.equal(reader.take({ offset: 1e15, byteLength: 10 }), null, 'behind the end');
  reader.close();
  [other, random].forEach(closeSync);
  shelf.close();
  rmSync(folder, { recursive: true });
});

test('another process reaches it, and what a killed one has put there can still be taken', async () => {
  const script = `
    import { createShelf } from ${JSON.stringify(new URL('../../shared/transport/shelf.ts', import.meta.url).href)};
    const shelf = createShelf(1000);
    const spot = shelf.put(Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff));
    console.log(JSON.stringify({ address: shelf.address, spot }));
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { address, spot } = JSON.parse(line.toString());
  const reader = openShelf(address, 1000)!;
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.deepEqual(
    reader.take(spot),
    Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff),
  );
  reader.close();
  assert.equal(openShelf(address, 1000), null, 'with its process it is gone for others');
});
