/** Control messages: each arrives as it was sent, and only in its own language. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { pack } from 'msgpackr';
import {
  decodeCoordinatorMessage,
  decodeWorkerMessage,
  encodeControl,
  isControl,
  maxControlBytes,
  withChecksum,
} from '../../shared/protocol/control.ts';
import { encodeFrame } from '../../shared/protocol/frame.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../shared/protocol/messages.ts';
import {
  coordinatorMessages,
  kindOf,
  ownRows,
  someData,
  workerMessages,
} from '../support/control-messages.ts';

const kindOfBytes = (...frames: Uint8Array[]): string => kindOf(() => decodeCoordinatorMessage(frames));
const bytesOf = (message: CoordinatorMessage): Uint8Array => encodeControl(1, message)[0]!;

describe('control', () => {
  test('every message decodes to itself, non-finite scalars and epochs beyond 32 bits included', () => {
    for (const epoch of [0, 1, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
      for (const message of workerMessages) {
        assert.deepEqual(decodeWorkerMessage(encodeControl(epoch, message)), { epoch, message });
      }
      for (const message of coordinatorMessages) {
        assert.deepEqual(decodeCoordinatorMessage(encodeControl(epoch, message)), { epoch, message });
      }
    }
  });

  test('any float64 scalar arrives bit for bit, but for the sign of zero', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        const node = { ...workerMessages[3], terms: { loss: value } } as WorkerMessage;
        const { message } = decodeWorkerMessage(encodeControl(1, node));
        assert(message.type === 'node');
        assert.deepEqual(new Float64Array([message.terms['loss']!]), new Float64Array([value + 0]));
      }),
    );
  });

  test('an optional field that is undefined is an absent one', () => {
    const initialiser = { kind: 'zeros' } as const;
    const model = { name: 'm', parameters: [{ name: 'w', shape: [1], initialiser, l2: undefined }] };
    const ready = {
      type: 'ready',
      dataHash: '',
      rows: ownRows,
      testDataHash: null,
      model: { ...model, statistics: [], termNames: [], generative: true },
    };
    const { message } = decodeWorkerMessage(encodeControl(1, ready as WorkerMessage));
    assert(message.type === 'ready');
    assert.equal(message.model.parameters[0]?.l2, undefined);
  });

  test('a control message is told from a data frame by its one part', () => {
    const values = new Float32Array(1);
    assert(isControl(encodeControl(1, { type: 'ping' })));
    assert(!isControl(encodeFrame({ type: 'array', array: 'basis', version: 0, chunk: 0, values }, 1)));
    assert.equal(kindOfBytes(bytesOf({ type: 'ping' }), new Uint8Array(1)), 'parts');
    assert.equal(kindOfBytes(), 'parts');
  });

  test('a message over 64 KiB is refused before it is decoded, and never sent', () => {
    assert.equal(kindOfBytes(new Uint8Array(maxControlBytes + 1)), 'size');
    assert.equal(kindOfBytes(new Uint8Array(0)), 'size');
    const configuration = { text: 'x'.repeat(maxControlBytes) };
    assert.throws(
      () => encodeControl(1, { type: 'welcome', rank: 0, configuration, data: someData, testData: null }),
      /a welcome of 65\d{3} bytes, at most 65536/,
    );
  });

  test('a bit that is flipped anywhere, or a byte too few, is found, whatever the message says afterwards', () => {
    for (const message of coordinatorMessages) {
      const bytes = bytesOf(message);
      for (let bit = 0; bit < 8 * bytes.byteLength; bit++) {
        const damaged = bytes.slice();
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        assert.equal(kindOfBytes(damaged), 'controlCrc', `${message.type}, bit ${bit}`);
      }
      for (const length of [1, 4, 5, bytes.byteLength - 1])
        assert.equal(kindOfBytes(bytes.subarray(0, length)), 'controlCrc');
    }
  });

  test('what the schema does not name is refused, and the message says where', () => {
    const decode = (value: unknown): void => void decodeCoordinatorMessage([withChecksum(pack(value))]);
    assert.throws(() => decode({ epoch: 1, message: { type: 'ping', more: 1 } }), {
      kind: 'schema',
      message: /more/,
    });
    assert.throws(() => decode({ epoch: 1, message: { type: 'evict' } }), {
      kind: 'schema',
      message: /message\.reason/,
    });
    assert.throws(() => decode({ epoch: -1, message: { type: 'ping' } }), {
      kind: 'schema',
      message: /epoch/,
    });
    assert.throws(() => decode({ epoch: 2 ** 53, message: { type: 'ping' } }), { kind: 'schema' });
    assert.throws(() => decode({ epoch: 1, message: { type: 'hello' } }), { kind: 'schema' });
    assert.throws(() => decode({ epoch: 1, message: { type: 'ping' }, __proto_: 1 }), { kind: 'schema' });
    assert.throws(() => decode([1, { type: 'ping' }]), { kind: 'schema' });
  });

  test('what a peer may say to the coordinator and back are two languages', () => {
    const hello = encodeControl(1, workerMessages[0]!);
    assert.equal(
      kindOf(() => decodeCoordinatorMessage(hello)),
      'schema',
    );
    assert.equal(
      kindOf(() => decodeWorkerMessage(encodeControl(1, { type: 'ping' }))),
      'schema',
    );
  });
});
