import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Box } from '../../../deploy/launch/box.ts';
import type { Hello } from '../../../deploy/launch/wire.ts';
import { createStation } from '../../../deploy/launch/station.ts';
import { unavailableError } from '../../../shared/errors.ts';
import type { Clock } from '../../../shared/runtime/clock.ts';

const hello = {
  type: 'hello',
  wire: 1,
  version: '1.0.0',
  code: null,
  node: '20',
  hostname: 'box1',
  cores: 2,
  gpus: [],
} satisfies Hello;

/** A box whose link a test cuts. */
function fakeBox(version = '1.0.0') {
  let lose: (why: string) => void = () => undefined;
  const lost = new Promise<string>((resolve) => (lose = resolve));
  let isCut = false;
  const box: Box = {
    name: 'box1',
    hello: { ...hello, version },
    lost,
    ask: () => Promise.reject(new Error('nobody asks')),
    start: () => assert.fail('nothing is started'),
    log: () => undefined,
    end: () => Promise.resolve(),
    cut: () => void (isCut = true),
  };
  return { box, lose, isCut: () => isCut };
}

/** Waits pass at once, and are written down. */
function quickClock(waits: number[]): Clock {
  return {
    nowMs: () => 0,
    wallTime: () => new Date(0),
    after(delayMs, callback) {
      waits.push(delayMs);
      setImmediate(callback);
      return () => undefined;
    },
  };
}

test('a box that is lost is tried again after longer and longer waits, and who waits for it gets it', async () => {
  const [waits, said] = [[] as number[], [] as string[]];
  const [first, second] = [fakeBox(), fakeBox()];
  const connect = (): Promise<Box> =>
    waits.length < 7 ? Promise.reject(unavailableError('refused')) : Promise.resolve(second.box);
  const station = createStation(first.box, {
    connect,
    clock: quickClock(waits),
    say: (line) => said.push(line),
  });
  assert.equal(station.now(), first.box);
  first.lose('no word for 150 s');
  await first.box.lost;
  assert.equal(await station.whenOpen(), second.box);
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  assert.match(said.join('\n'), /^box1 is lost \(no word for 150 s\).*\nbox1 is back$/);
});

test('a box that comes back with another lockstep is told, and not let in', async () => {
  const [waits, said] = [[] as number[], [] as string[]];
  const [first, other, right] = [fakeBox(), fakeBox('2.0.0'), fakeBox()];
  const found = [other.box, right.box];
  const connect = (): Promise<Box> => Promise.resolve(found.shift()!);
  const station = createStation(first.box, {
    connect,
    clock: quickClock(waits),
    say: (line) => said.push(line),
  });
  first.lose('ended');
  await first.box.lost;
  assert.equal(await station.whenOpen(), right.box);
  assert.ok(other.isCut());
  assert.match(said[1]!, /another lockstep/);
});

test('once the run is over, a box that is found late is cut, and no longer tried', async () => {
  const [waits, said] = [[] as number[], [] as string[]];
  const [first, late] = [fakeBox(), fakeBox()];
  let find = (_box: Box): void => undefined;
  const station = createStation(first.box, {
    connect: () => new Promise<Box>((resolve) => (find = resolve)),
    clock: quickClock(waits),
    say: (line) => said.push(line),
  });
  first.lose('no word for 150 s');
  await nextTurn();
  await nextTurn(); // it is being connected to
  await station.end();
  find(late.box);
  await nextTurn();
  assert.ok(late.isCut());
  assert.equal(station.now(), null);
  assert.deepEqual(waits, [1000]);
  assert.doesNotMatch(said.join('\n'), /is back/);
});
