import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createDoor, type DoorSocket } from '../../shared/transport/zeromq-door.ts';
import { encodeZ85 } from '../../shared/transport/z85.ts';

const known = new Uint8Array(32).fill(1);
const unknown = new Uint8Array(32).fill(2);

/** A REP socket of which the test is the other side. */
function createFakeSocket() {
  let give: (request: Uint8Array[]) => void;
  let fail: (error: Error) => void;
  let answered: (status: string) => void;
  let closings = 0;
  const socket: DoorSocket = {
    receive: () =>
      new Promise((resolve, reject) => {
        give = resolve;
        fail = reject;
      }),
    send: async (frames) => answered(String(frames[2])),
    async close() {
      closings += 1;
      fail(new Error('closed'));
    },
  };
  const ask = (domain: string, key: Uint8Array, mechanism = 'CURVE'): Promise<string> =>
    new Promise((resolve) => {
      answered = resolve;
      give(
        ['1.0', '7', domain, '10.0.0.9', '', mechanism]
          .map((text) => Buffer.from(text))
          .concat(Buffer.from(key)),
      );
    });
  return { socket, ask, closings: () => closings, break: () => fail(new Error('broken')) };
}

test('only the keys of a hub get into it, and others are told of with their address', async () => {
  const fake = createFakeSocket();
  const refused: string[] = [];
  const door = createDoor(async () => fake.socket);
  const guard = await door.guard([encodeZ85(known)], (address) => void refused.push(address));
  const other = await door.guard([encodeZ85(unknown)], () => {});
  const turn = (): Promise<void> => new Promise(setImmediate);
  const statuses: string[] = [];
  for (const [domain, key, mechanism] of [
    [guard.domain, known],
    [guard.domain, unknown],
    [guard.domain, known.subarray(4)],
    [guard.domain, known, 'NULL'],
    [other.domain, unknown],
    ['', known],
    ['nowhere', known],
  ] as const) {
    statuses.push(await fake.ask(domain, key, mechanism));
    await turn();
  }
  assert.deepEqual(statuses, ['200', '400', '400', '400', '200', '400', '400']);
  assert.deepEqual(refused, ['10.0.0.9', '10.0.0.9', '10.0.0.9']);
  await other.remove();
  assert.equal(fake.closings(), 0);
  await guard.remove();
  assert.equal(fake.closings(), 1, 'the door closes behind the last hub');
});

test('a door that ends while a hub relies on it ends the process: nobody catches its error', async () => {
  const fake = createFakeSocket();
  const door = createDoor(async () => fake.socket);
  await door.guard([], () => {});
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  const uncaught = once(process, 'unhandledRejection');
  fake.break();
  const [error] = (await uncaught) as [Error];
  others.forEach((listener) => process.on('unhandledRejection', listener));
  assert.match(error.message, /^the list of keys is not asked any more \(.*broken\): start the run again$/);
});
