import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { Packr, pack } from 'msgpackr';
import { ProtocolError } from '../../shared/errors.ts';
import {
  controlErrorKinds,
  decodeCoordinatorMessage,
  decodeWorkerMessage,
  encodeControl,
  isControl,
  maxControlBytes,
} from '../../shared/protocol/control.ts';
import { encodeFrame } from '../../shared/protocol/frame.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../shared/protocol/messages.ts';

const kindOf = (decode: () => unknown): string => {
  try {
    decode();
  } catch (error) {
    if (error instanceof ProtocolError) return error.kind;
    throw error;
  }
  return 'accepted';
};
const kindOfBytes = (...frames: Uint8Array[]): string => kindOf(() => decodeCoordinatorMessage(frames));
const bytesOf = (message: CoordinatorMessage): Uint8Array => encodeControl(1, message)[0]!;

const workerMessages: readonly WorkerMessage[] = [
  {
    type: 'hello',
    protocol: 1,
    version: '0.1.0',
    host: 'box-1',
    pid: 4711,
    fingerprint: { backend: 'wasm', version: '4.22.0', device: 'x86', threads: 1, precision: 'float32' },
  },
  {
    type: 'ready',
    model: {
      name: 'vae',
      parameters: [{ name: 'w', shape: [3, 4], initialiser: { kind: 'uniform', limit: 0.5 }, l2: 0.1 }],
      statistics: [{ name: 'norm', size: 4 }],
      termNames: ['loss'],
      generative: true,
    },
    dataHash: 'ab',
    testDataHash: null,
  },
  { type: 'received', array: 'parameters', version: 3, chunk: 9 },
  {
    type: 'node',
    task: 5,
    attempt: 1,
    first: 0,
    end: 2,
    sampleCount: 500,
    terms: { loss: NaN, kl: -Infinity, reconstruction: 0.1 },
    squares: Infinity,
    nonFinite: [1],
    computeMs: 12.25,
  },
  { type: 'failed', reason: 'Größe ✓', exitCode: 65 },
];
const coordinatorMessages: readonly CoordinatorMessage[] = [
  {
    type: 'welcome',
    rank: 2,
    configuration: { data: ['synthetic'], epochs: null, learningRate: 1e-4, whiten: false, seed: 0xffffffff },
    dataPath: '/data',
    testDataPath: null,
  },
  {
    type: 'task',
    task: 1,
    attempt: 0,
    leafCount: 8,
    nodes: [{ first: 0, end: 4 }],
    needs: { parameters: 7 },
    resultLength: 48_000_000,
    spec: { kind: 'gradient', step: 4, settings: { klWeight: 0.25 } },
  },
  { type: 'ping' },
  { type: 'finish' },
];

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
      () => encodeControl(1, { type: 'welcome', rank: 0, configuration, dataPath: '', testDataPath: null }),
      /a welcome of 65\d{3} bytes, at most 65536/,
    );
  });

  test('what the schema does not name is refused, and the message says where', () => {
    const decode = (value: unknown): void => void decodeCoordinatorMessage([pack(value)]);
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
    const message = { type: 'welcome', rank: 0, dataPath: '', testDataPath: null, configuration: {} };
    assert.equal(kindOfBytes(forge({ epoch: 1, message, __prot0__: { polluted: true } })), 'schema');
    const inside = forge({
      epoch: 1,
      message: { ...message, configuration: { __prot0__: { polluted: true } } },
    });
    const decoded = decodeCoordinatorMessage([inside]).message;
    assert(decoded.type === 'welcome');
    assert.equal(Object.getPrototypeOf(decoded.configuration), Object.prototype);
    assert.equal(decoded.configuration['polluted'], undefined);
  });

  test('truncated, trailing and deeply nested bytes are refused', () => {
    const bytes = bytesOf(coordinatorMessages[1]!);
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
      kinds.includes(kindOf(() => decodeWorkerMessage([bytes]))) && kinds.includes(kindOfBytes(bytes));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), known), { numRuns: 2000 });
    fc.assert(
      fc.property(
        fc.anything().map((value) => packOrNull(value)),
        known,
      ),
      { numRuns: 1000 },
    );
    const originals = [...workerMessages, ...coordinatorMessages].map(
      (message) => encodeControl(3, message)[0]!,
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
