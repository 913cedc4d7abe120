/** What chance, or an enemy, makes of bytes that were right: for fuzzing decoders. */
import fc from 'fast-check';

/** One change; `at` is a share of the length, so that a change fits any bytes. */
type Mutation =
  | { readonly kind: 'byte'; readonly at: number; readonly value: number }
  | { readonly kind: 'word'; readonly at: number; readonly value: number; readonly bigEndian: boolean }
  | { readonly kind: 'cut' | 'repeat' | 'remove'; readonly at: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array };

const share = fc.double({ min: 0, max: 1, noNaN: true });
const telling = fc.constantFrom(0, 1, 2, 0x7f, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('byte' as const), at: share, value: fc.nat(255) }),
  fc.record({
    kind: fc.constant('word' as const),
    at: share,
    value: fc.oneof(telling, fc.nat(0xffffffff)),
    bigEndian: fc.boolean(),
  }),
  fc.record({
    kind: fc.constantFrom('cut' as const, 'repeat' as const, 'remove' as const),
    at: share,
    length: fc.nat(40),
  }),
  fc.record({ kind: fc.constant('insert' as const), at: share, bytes: fc.uint8Array({ maxLength: 24 }) }),
);

/** One to four changes, to be applied to any bytes by `mutate`. */
export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(mutation, {
  minLength: 1,
  maxLength: 4,
});

/** @returns a changed copy */
export function mutate(bytes: Uint8Array, changes: readonly Mutation[]): Buffer {
  return changes.reduce<Buffer>(apply, Buffer.from(bytes));
}

function apply(bytes: Buffer, change: Mutation): Buffer {
  const at = Math.min(Math.floor(change.at * bytes.length), Math.max(bytes.length - 1, 0));
  switch (change.kind) {
    case 'byte':
      if (bytes.length > 0) bytes[at] = change.value;
      return bytes;
    case 'word': {
      const aligned = at - (at % 4);
      if (aligned + 4 > bytes.length) return bytes;
      if (change.bigEndian) bytes.writeUInt32BE(change.value >>> 0, aligned);
      else bytes.writeUInt32LE(change.value >>> 0, aligned);
      return bytes;
    }
    case 'cut':
      return bytes.subarray(0, at);
    case 'repeat':
      return Buffer.concat([bytes, bytes.subarray(at, at + change.length)]);
    case 'remove':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + change.length)]);
    case 'insert':
      return Buffer.concat([bytes.subarray(0, at), change.bytes, bytes.subarray(at)]);
    default:
      return change satisfies never;
  }
}
