import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createArraySender } from '../../coordinator/array-sender.ts';
import type { Effect } from '../../coordinator/effects.ts';

const valuesPerChunk = 4;
const window = 3;
const length = 42; // 11 chunks

/** A receiver that puts arrays together as a worker does, and acknowledges when it is told to. */
function createReceiver() {
  let version = 0;
  let values = new Float32Array(0);
  let missing = new Set<number>();
  let underWay = 0;
  return {
    take(effects: readonly Effect[], peer: string): void {
      for (const effect of effects) {
        if (effect.type === 'send' && effect.peer === peer && effect.message.type === 'array') {
          version = effect.message.version;
          values = new Float32Array(effect.message.length);
          missing = new Set(Array.from({ length: Math.ceil(length / valuesPerChunk) }, (_, i) => i));
        }
        if (effect.type !== 'sendFrame' || effect.peer !== peer || effect.frame.type !== 'array') continue;
        assert.equal(effect.frame.version, version, 'a version is announced before its first chunk');
        underWay += 1;
        values.set(effect.frame.values, effect.frame.chunk * valuesPerChunk);
        assert(missing.delete(effect.frame.chunk), 'a chunk is sent once');
      }
      assert(underWay <= window, `${underWay} frames under way`);
    },
    acknowledge: () => void (underWay -= 1),
    underWay: () => underWay,
    state: () => ({ version, values, whole: missing.size === 0 && values.length > 0 }),
  };
}

test('every worker gets the newest version whole, whatever is published while others are slow', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 120 }), (script) => {
      const sender = createArraySender({ array: 'parameters', valuesPerChunk, window });
      const live = new Float32Array(length); // written to in place, as Adam does
      const workers = new Map(['a', 'b', 'c'].map((name) => [name, createReceiver()]));
      const spread = (effects: readonly Effect[]): void => {
        for (const [name, receiver] of workers) receiver.take(effects, name);
      };
      let version = 0;
      const publish = (): void => {
        version += 1;
        live.forEach((_, i) => (live[i] = version * 1000 + i));
        spread(
          sender.publish(version, length, (chunk) =>
            live.subarray(chunk * valuesPerChunk, Math.min(length, (chunk + 1) * valuesPerChunk)),
          ),
        );
      };
      const acknowledge = (name: string): void => {
        const receiver = workers.get(name)!;
        if (receiver.underWay() === 0) return;
        receiver.acknowledge();
        spread(sender.received(name));
      };
      publish();
      spread(sender.attach('a'));
      spread(sender.attach('b'));
      for (const action of script) {
        if (action === 0) publish();
        else acknowledge(action < 6 ? 'a' : 'b');
      }
      spread(sender.attach('c'));
      for (const [name, receiver] of workers) {
        while (receiver.underWay() > 0) acknowledge(name);
        assert.deepEqual(receiver.state(), { version, values: live, whole: true }, name);
      }
    }),
  );
});

test('who is detached gets nothing more, and an acknowledgement too many is ignored', () => {
  const sender = createArraySender({ array: 'basis', valuesPerChunk, window });
  const view = (): Float32Array => new Float32Array(valuesPerChunk);
  assert.deepEqual(sender.attach('early'), [], 'there is nothing yet');
  assert.equal(sender.publish(1, 40, view).length, 1 + window);
  for (let count = 0; count < 20; count++) sender.received('early');
  assert.deepEqual(sender.received('early'), []);
  sender.detach('early');
  assert.deepEqual(sender.publish(2, 40, view), []);
  assert.deepEqual(sender.received('early'), []);
});

test('a range of chunks sends these alone', () => {
  const chunks = { first: 2, end: 4 };
  const sender = createArraySender({ array: 'parameters', valuesPerChunk, window: 9, chunks });
  sender.attach('a');
  const effects = sender.publish(1, length, () => new Float32Array(valuesPerChunk));
  const sent = effects.flatMap((effect) => (effect.type === 'sendFrame' ? [effect.frame.chunk] : []));
  assert.deepEqual(sent, [2, 3]);
});
