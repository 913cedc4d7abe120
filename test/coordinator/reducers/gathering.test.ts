import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGathering, outerReducers } from '../../../coordinator/reducers/gathering.ts';
import { protocolVersion } from '../../../shared/protocol/messages.ts';

const fingerprint = { backend: 'cpu', version: '1', device: 'x', threads: 1, precision: 'float32' };
const who = { protocol: protocolVersion, version: '1', host: 'box', pid: 7 };
const hello = { type: 'hello', ...who, fingerprint } as const;
const reducer = { type: 'reducer', ...who } as const;
const listening = (endpoint: string) => ({ type: 'listening', endpoint }) as const;

/** A door, and which worker was let in with which reducers. */
function createDoor(expected: number) {
  const welcomed: [string, readonly string[]][] = [];
  const gathering = createGathering({
    expected,
    version: '1',
    welcome(peer, _hello, endpoints) {
      welcomed.push([peer, endpoints]);
      return [];
    },
  });
  return { gathering, welcomed };
}

test('one reducer alone is inside the coordinator, and keeps nobody waiting', () => {
  assert.deepEqual([0, 1, 2, 3].map(outerReducers), [0, 0, 2, 3]);
  const { gathering, welcomed } = createDoor(0);
  gathering.hello('a', hello);
  assert.deepEqual(welcomed, [['a', []]]);
  assert.deepEqual(gathering.peers, []);
});

test('workers wait at the door until all reducers listen, and then hear of all', () => {
  const { gathering, welcomed } = createDoor(2);
  gathering.hello('a', hello);
  gathering.hello('gone', hello);
  for (const peer of ['r', 's']) {
    const [answer] = gathering.hear(peer, reducer) ?? [];
    assert(answer?.type === 'send' && answer.message.type === 'accept');
  }
  gathering.lose('gone', 'it left');
  gathering.hear('s', listening('tcp://s:1'));
  assert.deepEqual(welcomed, []);
  gathering.hear('r', listening('tcp://r:1'));
  gathering.hello('b', hello);
  const endpoints = ['tcp://r:1', 'tcp://s:1'];
  assert.deepEqual(welcomed, [
    ['a', endpoints],
    ['b', endpoints],
  ]);
  assert.deepEqual(gathering.peers, ['r', 's']);
  assert.equal(gathering.hear('r', { type: 'stored', chunk: 0 }), null, 'work is none of its business');
});

test('a reducer that is lost before all are here is waited for anew; afterwards the run is lost', () => {
  const { gathering, welcomed } = createDoor(1);
  gathering.hear('r', reducer);
  gathering.lose('r', 'it crashed');
  gathering.hello('a', hello);
  assert.deepEqual(welcomed, []);
  gathering.hear('s', reducer);
  gathering.hear('s', listening('tcp://s:1'));
  assert.equal(welcomed.length, 1);
  gathering.lose('a', 'a worker');
  assert.throws(() => gathering.lose('s', 'it crashed'), { exitCode: 75, message: /box .*it crashed/ });
});

test('who does not come in time is done without, and said in one notice', () => {
  const { gathering, welcomed } = createDoor(3);
  gathering.hear('r', reducer);
  gathering.hear('r', listening('tcp://r:1'));
  gathering.hello('a', hello);
  assert.deepEqual(gathering.absent('no room'), []);
  assert.deepEqual(gathering.tick(1000), []);
  assert.deepEqual(gathering.tick(30_000), []);
  const effects = gathering.tick(31_000);
  const reason = 'no room; not here within 30 s';
  const notice = { kind: 'fewReducers', expected: 3, here: 1, reason };
  assert.deepEqual(effects, [{ type: 'notice', notice }]);
  assert.deepEqual(welcomed, [['a', ['tcp://r:1']]]);
  assert.deepEqual(gathering.absent('late news'), []);
});

test('another version is refused, and so is who comes late or speaks out of turn', () => {
  const { gathering } = createDoor(1);
  const refusalOf = (peer: string, message: Parameters<typeof gathering.hear>[1]): string => {
    const [effect] = gathering.hear(peer, message) ?? [];
    assert(effect?.type === 'send' && effect.message.type === 'refuse');
    return effect.message.reason;
  };
  assert.match(refusalOf('old', { ...reducer, version: '0' }), /runs lockstep 0.*install the same version/);
  assert.throws(() => gathering.hear('x', listening('tcp://x:1')), { kind: 'unasked' });
  gathering.hear('r', reducer);
  assert.throws(() => gathering.hear('r', reducer), { kind: 'unasked' });
  gathering.hear('slow', reducer);
  gathering.hear('r', listening('tcp://r:1'));
  assert.match(refusalOf('slow', listening('tcp://slow:1')), /begun without it/);
  assert.match(refusalOf('late', reducer), /begun without it/);
  gathering.lose('slow', 'refused');
});
