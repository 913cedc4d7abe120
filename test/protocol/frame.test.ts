import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { ProtocolError } from '../../shared/errors.ts';
import {
  decodeFrame,
  encodeFrame,
  frameErrorKinds,
  headerBytes,
  maxPayloadBytes,
  type FrameExpectation,
  type FrameHeader,
} from '../../shared/protocol/frame.ts';
import { arrayKinds, type DataFrame } from '../../shared/protocol/messages.ts';

const u32 = fc.nat({ max: 0xffffffff });
const u16 = fc.nat({ max: 0xffff });
const floats = fc.float32Array({ maxLength: 40 });
const doubles = fc.float64Array({ maxLength: 20 });
const halves = fc.uint16Array({ maxLength: 40 }); // bfloat16
const anyFrame: fc.Arbitrary<DataFrame> = fc.oneof(
  fc.record(
    {
      type: fc.constant('sum' as const),
      task: u32,
      attempt: u16,
      first: u32,
      end: u32,
      chunk: u32,
      values: fc.oneof(floats, doubles, halves),
    },
    { noNullPrototype: true },
  ),
  fc.record(
    {
      type: fc.constant('array' as const),
      array: fc.constantFrom(...arrayKinds),
      version: u32,
      chunk: u32,
      values: fc.oneof(floats, doubles, fc.uint8Array({ maxLength: 80 })),
    },
    { noNullPrototype: true },
  ),
);
const anyEpoch = fc.maxSafeNat();

/** Expects whatever the header says. */
const trusting = (epoch: number): FrameExpectation => ({ epoch, values: (header) => header });

const kindOf = (decode: () => unknown): string => {
  try {
    decode();
  } catch (error) {
    if (error instanceof ProtocolError) return error.kind;
    throw error;
  }
  return 'accepted';
};

const sum: DataFrame = {
  type: 'sum',
  task: 7,
  attempt: 2,
  first: 4,
  end: 8,
  chunk: 3,
  values: new Float32Array([1.5, -2]),
};

/** A header with one field changed and its checksum made right again. */
function forged(change: (header: DataView) => void): Uint8Array[] {
  const [header, payload] = encodeFrame(sum, 5).map((part) => new Uint8Array(part));
  assert(header !== undefined && payload !== undefined);
  const view = new DataView(header.buffer);
  change(view);
  view.setUint32(44, crc32(header.subarray(0, 44)), true);
  return [header, payload];
}

describe('frame', () => {
  test('any frame decodes to itself, bit for bit', () => {
    fc.assert(
      fc.property(anyFrame, anyEpoch, (frame, epoch) => {
        assert.deepEqual(decodeFrame(encodeFrame(frame, epoch), trusting(epoch)), frame);
      }),
    );
  });

  test('the wire format of a frame is the one that its header comment draws', () => {
    const [header, payload] = encodeFrame(sum, 0x0102030405);
    assert(header !== undefined && payload !== undefined);
    assert.equal(
      Buffer.from(header.subarray(0, 40)).toString('hex'),
      '5354455004000100' + '0504030201000000' + '0700000002000100' + '0400000008000000' + '0300000002000000',
    );
    assert.equal(Buffer.from(payload).toString('hex'), '0000c03f000000c0');
  });

  test('neither encoding nor decoding copies an aligned payload', () => {
    const values = new Float32Array(1000).fill(3);
    const frames = encodeFrame({ ...sum, values }, 1);
    assert.equal(frames[1]?.buffer, values.buffer);
    assert.equal(decodeFrame(frames, trusting(1)).values.buffer, values.buffer);
  });

  test('a payload that lies unaligned in memory decodes to the same values', () => {
    const [header, payload] = encodeFrame({ ...sum, values: new Float64Array([Math.PI, -0, NaN]) }, 1);
    assert(header !== undefined && payload !== undefined);
    const shifted = Buffer.alloc(payload.byteLength + 1).subarray(1);
    shifted.set(payload);
    assert.deepEqual(
      decodeFrame([header, shifted], trusting(1)).values,
      new Float64Array([Math.PI, -0, NaN]),
    );
  });

  test('bfloat16 travels as two bytes a value, and is taken for float32 by nobody', () => {
    const halves: DataFrame = { ...sum, values: new Uint16Array([0x3fc0, 0xc000]) }; // 1.5, -2
    const frames = encodeFrame(halves, 1);
    assert.equal(Buffer.from(frames[1]!).toString('hex'), 'c03f00c0');
    assert.equal(Buffer.from(frames[0]!).readUInt16LE(22), 4);
    const expecting = (dtype: 'float32' | 'bfloat16'): FrameExpectation => ({
      epoch: 1,
      values: () => ({ dtype, count: 2 }),
    });
    assert.deepEqual(decodeFrame(frames, expecting('bfloat16')), halves);
    assert.throws(() => decodeFrame(frames, expecting('float32')), {
      kind: 'length',
      message: /^2 bfloat16 values .*, expected 2 float32;/,
    });
    assert.throws(() => decodeFrame(encodeFrame(sum, 1), expecting('bfloat16')), {
      kind: 'length',
      message: /^2 float32 values .*, expected 2 bfloat16;/,
    });
    const shifted = Buffer.alloc(5).subarray(1);
    shifted.set(frames[1]!);
    assert.deepEqual(decodeFrame([frames[0]!, shifted], expecting('bfloat16')), halves);
  });

  test('one flipped bit anywhere is refused', () => {
    const [header, payload] = encodeFrame(sum, 5);
    assert(header !== undefined && payload !== undefined);
    for (let bit = 0; bit < 8 * (headerBytes + payload.byteLength); bit++) {
      const parts = [new Uint8Array(header), new Uint8Array(payload)] as const;
      const part = bit < 8 * headerBytes ? parts[0] : parts[1];
      const index = (bit >> 3) % headerBytes;
      part[index] = part[index]! ^ (1 << (bit & 7));
      assert.notEqual(
        kindOf(() => decodeFrame(parts, trusting(5))),
        'accepted',
        `bit ${bit}`,
      );
    }
  });

  test('bytes of any kind are refused with a known kind, and never crash', () => {
    const kinds: readonly string[] = [...frameErrorKinds, 'accepted'];
    const parts = fc.array(
      fc.oneof(fc.uint8Array({ minLength: headerBytes, maxLength: headerBytes }), fc.uint8Array()),
      {
        maxLength: 3,
      },
    );
    fc.assert(fc.property(parts, (frames) => kinds.includes(kindOf(() => decodeFrame(frames, trusting(0))))));
    const fields = fc.tuple(fc.integer({ min: 4, max: 43 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fields, ([offset, byte]) =>
        kinds.includes(
          kindOf(() =>
            decodeFrame(
              forged((header) => header.setUint8(offset, byte)),
              trusting(5),
            ),
          ),
        ),
      ),
    );
  });

  test('every kind of damage has its name', () => {
    const decode = (frames: readonly Uint8Array[]): string => kindOf(() => decodeFrame(frames, trusting(5)));
    const [header, payload] = encodeFrame(sum, 5);
    assert(header !== undefined && payload !== undefined);
    assert.equal(decode([header]), 'parts');
    assert.equal(decode([header, payload, payload]), 'parts');
    assert.equal(decode([header.subarray(1), payload]), 'size');
    assert.equal(decode([header, new Uint8Array(maxPayloadBytes + 1)]), 'size');
    assert.equal(decode([new Uint8Array(headerBytes), payload]), 'magic');
    assert.equal(decode(forged((view) => view.setUint16(4, 9, true))), 'version');
    assert.equal(decode(forged((view) => view.setUint16(6, 9, true))), 'type');
    assert.equal(decode(forged((view) => view.setUint16(22, 0, true))), 'type');
    assert.equal(decode(forged((view) => view.setUint16(22, 3, true))), 'type', 'bytes are no sum');
    assert.equal(decode(forged((view) => view.setUint16(6, 2, true))), 'accepted', 'kind 4 is rows');
    const asBfloat16 = (view: DataView): void => (view.setUint16(22, 4, true), view.setUint32(36, 4, true));
    assert.equal(decode(forged(asBfloat16)), 'accepted', 'four of two bytes');
    assert.equal(
      decode(forged((view) => (asBfloat16(view), view.setUint16(6, 2, true)))),
      'type',
      'no array is bfloat16',
    );
    assert.equal(decode(forged((view) => view.setUint16(22, 4, true))), 'length', 'two of two bytes');
    assert.equal(decode(forged((view) => view.setUint16(22, 5, true))), 'type');
    assert.equal(
      decode(forged((view) => (view.setUint16(6, 2, true), view.setUint32(24, arrayKinds.length, true)))),
      'type',
    );
    assert.equal(decode(encodeFrame(sum, 6)), 'epoch');
    assert.equal(decode([header, payload.subarray(4)]), 'length');
    assert.equal(decode(forged((view) => view.setUint32(36, 3, true))), 'length');
    assert.equal(decode([header, new Uint8Array(payload.byteLength)]), 'payloadChecksum');
  });

  test('a header is judged before its payload is read, and the message names what differs', () => {
    const damaged: readonly Uint8Array[] = [encodeFrame(sum, 5)[0]!, new Uint8Array(8)];
    const seen: FrameHeader[] = [];
    const expecting = (count: number): FrameExpectation => ({
      epoch: 5,
      values: (header) => (seen.push(header), { dtype: 'float32', count }),
    });
    assert.throws(() => decodeFrame(damaged, expecting(4)), {
      kind: 'length',
      message: /^2 float32 values \(task 7, node 4-8, chunk 3\), expected 4 float32;/,
    });
    assert.equal(
      kindOf(() => decodeFrame(damaged, expecting(2))),
      'payloadChecksum',
    );
    const { values, ...fields } = sum;
    assert.deepEqual(seen[0], { ...fields, dtype: 'float32', count: values.length });
    const stale: FrameExpectation = {
      epoch: 5,
      values: () => {
        throw new ProtocolError('stale', 'task 7 is over');
      },
    };
    assert.equal(
      kindOf(() => decodeFrame(damaged, stale)),
      'stale',
    );
    assert.equal(
      kindOf(() => decodeFrame(damaged, { ...stale, epoch: 6 })),
      'epoch',
    );
  });
});
