import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCarriage, type Carriage } from '../../shared/transport/carriage.ts';
import { createShelf, type Shelf } from '../../shared/transport/shelf.ts';
import type { Frames } from '../../shared/transport/transport.ts';

const maxFrameBytes = 1 << 20;

/** Two ends; what one sends is with the other at once. */
function connect(shelves: readonly [Shelf | null, Shelf | null]) {
  const heard: Frames[][] = [[], []];
  const passed: Frames[] = []; // what went through the socket
  const ends: Carriage[] = shelves.map((shelf, side) =>
    createCarriage({
      shelf,
      maxFrameBytes,
      send: (frames) => pass(side, frames),
    }),
  );
  const pass = (side: number, frames: Frames): void => {
    passed.push(frames);
    const onWire = frames.map((part) => new Uint8Array(part));
    ends[1 - side]!.incoming(onWire, (whole) =>
      heard[1 - side]!.push(whole.map((part) => new Uint8Array(part))),
    );
  };
  return {
    ends,
    heard,
    passed,
    send: (side: number, frames: Frames) => pass(side, ends[side]!.outgoing(frames)),
  };
}

const header = Buffer.from('header');
const large = new Uint8Array(maxFrameBytes).fill(7);

test('what is large takes the shelf once the other side has seen it, and what is small never does', () => {
  const { ends, heard, passed, send } = connect([createShelf(maxFrameBytes), createShelf(maxFrameBytes)]);
  send(0, [header, large]);
  assert.deepEqual(passed.at(-1)![1], large, 'not offered yet');
  ends[0]!.begin();
  ends[1]!.begin();
  for (const side of [0, 1]) {
    passed.length = 0;
    for (let time = 0; time < 100; time++) send(side, [header, large]);
    send(side, [header, new Uint8Array(100)]);
    assert(passed.every((frames) => frames.every((part) => part.byteLength < 1000)));
    const got = heard[1 - side]!.slice(side === 0 ? 1 : 0);
    assert.equal(got.length, 101);
    assert.deepEqual(got[99], [new Uint8Array(header), large]);
  }
  ends.forEach((end) => end.close());
});

test('a full shelf, or none, means the socket', () => {
  const shelf = createShelf(maxFrameBytes)!;
  const { ends, heard, send } = connect([shelf, null]);
  ends.forEach((end) => end.begin());
  while (shelf.put(new Uint8Array(10)) !== null);
  send(0, [header, large]);
  send(1, [header, large]);
  for (const messages of heard) assert.deepEqual(messages, [[new Uint8Array(header), large]]);
  ends.forEach((end) => end.close());
  shelf.close();
});

test('a spot that holds nothing is delivered as nothing, which no frame passes', () => {
  const { ends, heard } = connect([createShelf(maxFrameBytes), createShelf(maxFrameBytes)]);
  ends.forEach((end) => end.begin());
  const spot = new Uint8Array(12).fill(0x7f);
  const deliver = (frames: Frames): void => void heard[0]!.push(frames);
  ends[0]!.incoming([new Uint8Array(0), Buffer.from('lies'), spot, header], deliver);
  assert.equal(heard[0]!.at(-1)![1]!.byteLength, 0);
  for (const word of ['freed', 'lies', 'shelf', 'nonsense'])
    for (const parts of [[], [new Uint8Array(3)], [spot]])
      ends[0]!.incoming([new Uint8Array(0), Buffer.from(word), ...parts], deliver);
  ends.forEach((end) => end.close());
});

test('what lies on the shelf for a connection that ends is free again', () => {
  const shelf = createShelf(maxFrameBytes)!;
  const silent = createCarriage({ shelf, maxFrameBytes, send: () => {} });
  silent.incoming([new Uint8Array(0), Buffer.from('seen')], () => {});
  const count = (): number =>
    Array.from({ length: 40 }, (_, index) =>
      silent.outgoing([header, new Uint8Array(1 << 16).fill(index)]),
    ).filter((frames) => frames[0]!.byteLength === 0).length;
  assert.equal(count(), 32);
  assert.equal(count(), 0);
  silent.close();
  silent.incoming([new Uint8Array(0), Buffer.from('seen')], () => {});
  assert.equal(count(), 32);
  silent.close();
  shelf.close();
});
