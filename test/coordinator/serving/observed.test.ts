import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metered, observed } from '../../../coordinator/serving/observed.ts';
import type { Coordinator } from '../../../coordinator/coordinator.ts';
import type { Hub, HubEvents } from '../../../shared/transport/transport.ts';

test('who looks on sees every event before the machine, and changes nothing', () => {
  const seen: string[] = [];
  let result: number | null = null;
  const machine: Coordinator<number> = {
    begin: () => [],
    handle(event) {
      seen.push(`machine ${event.type}`);
      result = 7;
      return [{ type: 'drop', peer: 'a', reason: 'why' }];
    },
    expect: () => ({ count: 1, dtype: 'float32' }) as never,
    get result() {
      return result;
    },
  };
  const watched = observed(machine, ({ type }) => seen.push(`onlooker ${type}`));
  assert.equal(watched.result, null);
  assert.deepEqual(watched.handle({ type: 'tick' }), [{ type: 'drop', peer: 'a', reason: 'why' }]);
  assert.deepEqual([seen, watched.result], [['onlooker tick', 'machine tick'], 7]);
});

test('bytes are counted both ways, and arrive as they are', async () => {
  const counts = { received: 0, sent: 0 };
  const [arrived, left]: [unknown[], unknown[]] = [[], []];
  let wire: HubEvents;
  const hub: Hub = {
    endpoint: 'memory',
    send: (_peer, frames) => void left.push(frames),
    drop: () => {},
    close: () => Promise.resolve(),
  };
  const bind = metered(
    (events) => {
      wire = events;
      return Promise.resolve(hub);
    },
    (direction, bytes) => (counts[direction] += bytes),
  );
  const bound = await bind({ onFrames: (_peer, frames) => void arrived.push(frames), onPeerLost: () => {} });
  const frames = [new Uint8Array(48), new Uint8Array(100)];
  wire!.onFrames('a', frames);
  bound.send('a', [new Uint8Array(5)]);
  assert.deepEqual([counts, arrived[0] === frames, left.length], [{ received: 148, sent: 5 }, true, 1]);
});
