/**
 * What hub and link say to each other that is none of their users' business: messages whose first part is empty.
 *
 * A lone empty part is hello, its answer, and a probe. Others have a word behind it: `farewell`, and what it
 * takes to pass large payloads over a shelf (shelf.ts).
 */
import type { Spot } from './shelf.ts';
import type { Frames } from './transport.ts';

export type Signal =
  | { readonly kind: 'hello' }
  | { readonly kind: 'farewell'; readonly reason: string }
  | { readonly kind: 'shelf'; readonly address: string } // what is large will lie there, if you reach it
  | { readonly kind: 'seen' } // it is reached
  | { readonly kind: 'lies'; readonly spot: Spot; readonly frames: Frames } // a message, its last part on the shelf
  | { readonly kind: 'freed'; readonly offset: number } // copied off
  | { readonly kind: 'unknown' };

const empty = new Uint8Array(0);
const spotBytes = 12; // offset float64, length uint32, little-endian

export const hello: Frames = [empty];
export const farewell = (reason: string): Frames => [empty, Buffer.from('farewell'), Buffer.from(reason)];
export const shelf = (address: string): Frames => [empty, Buffer.from('shelf'), Buffer.from(address)];
export const seen: Frames = [empty, Buffer.from('seen')];
export const freed = (offset: number): Frames => [
  empty,
  Buffer.from('freed'),
  encodeSpot({ offset, byteLength: 0 }),
];
export const lies = (spot: Spot, frames: Frames): Frames => [
  empty,
  Buffer.from('lies'),
  encodeSpot(spot),
  ...frames,
];

/** @returns null for a message of the users */
export function signalOf(frames: Frames): Signal | null {
  if (frames[0]?.byteLength !== 0) return null;
  if (frames.length === 1) return { kind: 'hello' };
  const [, word, argument = empty, ...rest] = frames;
  switch (Buffer.from(word!).toString('latin1')) {
    case 'farewell':
      return { kind: 'farewell', reason: Buffer.from(argument).toString() };
    case 'shelf':
      return { kind: 'shelf', address: Buffer.from(argument).toString() };
    case 'seen':
      return { kind: 'seen' };
    case 'lies':
      return argument.byteLength === spotBytes
        ? { kind: 'lies', spot: decodeSpot(argument), frames: rest }
        : { kind: 'unknown' };
    case 'freed':
      return argument.byteLength === spotBytes
        ? { kind: 'freed', offset: decodeSpot(argument).offset }
        : { kind: 'unknown' };
    default:
      return { kind: 'unknown' };
  }
}

function encodeSpot({ offset, byteLength }: Spot): Uint8Array {
  const view = new DataView(new ArrayBuffer(spotBytes));
  view.setFloat64(0, offset, true);
  view.setUint32(8, byteLength, true);
  return new Uint8Array(view.buffer);
}

function decodeSpot(bytes: Uint8Array): Spot {
  const view = new DataView(bytes.buffer, bytes.byteOffset, spotBytes);
  return { offset: view.getFloat64(0, true), byteLength: view.getUint32(8, true) };
}
