/** Bytes of strangers: what is no plain msgpack is refused before anything is built from it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { Packr, pack } from 'msgpackr';
import {
  controlErrorKinds,
  decodeCoordinatorMessage,
  decodeWorkerMessage,
  withChecksum,
  encodeControl,
} from '../../shared/protocol/control.ts';
import { coordinatorMessages, kindOf, someData, workerMessages } from '../support/control-messages.ts';

const kindOfBytes = (bytes: Uint8Array): string =>
  kindOf(() => decodeCoordinatorMessage([withChecksum(bytes)]));

describe('hostile bytes', () => {
  test('extensions, records, binary and cycles are refused before anything is built from them', () => {
    const packr = new Packr({ moreTypes: true, structuredClone: true, useRecords: false });
    const welcome = (value: unknown): Uint8Array =>
      packr.pack({ epoch: 1, message: { ...coordinatorMessages[0], configuration: { value } } });
    assert.equal(kindOfBytes(welcome('plain')), 'accepted');
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const hostile = [
      cycle,
      new Date(0),
      /a+/,
      new Error('x'),
      new Set([1]),
      new Float32Array(2),
      Buffer.alloc(3),
      2n ** 70n,
    ];
    for (const value of hostile) assert.equal(kindOfBytes(welcome(value)), 'encoding', inspect(value));
    const record = Buffer.from('d4724091a568656c6c6f01', 'hex'); // defines record 0x40 of one key, then its value
    const reference = Buffer.from('d6690000000080', 'hex');
    for (const bytes of [record, reference]) assert.equal(kindOfBytes(bytes), 'encoding');
  });

  test('a key named __proto__ reaches no prototype', () => {
    const forge = (value: unknown): Uint8Array =>
      Buffer.from(pack(value).toString('latin1').replace('__prot0__', '__proto__'), 'latin1');
    const message = { type: 'welcome', rank: 0, data: someData, testData: null, configuration: {} };
    assert.equal(kindOfBytes(forge({ epoch: 1, message, __prot0__: { polluted: true } })), 'schema');
    const inside = forge({
      epoch: 1,
      message: { ...message, configuration: { __prot0__: { polluted: true } } },
    });
    const decoded = decodeCoordinatorMessage([withChecksum(inside)]).message;
    assert(decoded.type === 'welcome');
    assert.equal(Object.getPrototypeOf(decoded.configuration), Object.prototype);
    assert.equal(decoded.configuration['polluted'], undefined);
  });

  test('truncated, trailing and deeply nested bytes are refused', () => {
    const bytes = encodeControl(1, coordinatorMessages[1]!)[0]!.subarray(0, -4); // what the checksum is of
    for (let length = 1; length < bytes.byteLength; length++) {
      assert.equal(kindOfBytes(bytes.subarray(0, length)), 'encoding', `${length} bytes`);
    }
    assert.equal(kindOfBytes(Buffer.concat([bytes, bytes])), 'encoding');
    assert.equal(kindOfBytes(Buffer.alloc(60_000, 0x91)), 'encoding');
    assert.equal(kindOfBytes(Buffer.from('ddffffffff', 'hex')), 'encoding');
    assert.equal(kindOfBytes(Buffer.from('dfffffffff', 'hex')), 'encoding');
    assert.equal(kindOfBytes(Buffer.from('dbffffffff', 'hex')), 'encoding');
  });

  test('any bytes and any mutation of a message are believed or refused with a known kind', () => {
    const kinds: readonly string[] = [...controlErrorKinds, 'accepted'];
    const known = (bytes: Uint8Array): boolean =>
      kinds.includes(kindOf(() => decodeWorkerMessage([withChecksum(bytes)]))) &&
      kinds.includes(kindOfBytes(bytes));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), known), { numRuns: 2000 });
    fc.assert(
      fc.property(
        fc.anything().map((value) => packOrNull(value)),
        known,
      ),
      { numRuns: 1000 },
    );
    const originals = [...workerMessages, ...coordinatorMessages].map((message) =>
      encodeControl(3, message)[0]!.subarray(0, -4),
    );
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...originals), edits, (original, changes) => {
        const bytes = new Uint8Array(original);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return known(bytes);
      }),
      { numRuns: 5000 },
    );
  });
});

/** What msgpackr makes of any value; it cannot write some, such as symbols. */
function packOrNull(value: unknown): Uint8Array {
  try {
    return pack(value);
  } catch {
    return pack(null);
  }
}
