/**
 * How the messages of one connection travel: large last parts over a shelf where both sides reach one, everything
 * else as it is.
 *
 * Each side offers its shelf; what it sends goes there once the other has seen it. A shelf that is full, or on
 * another machine, means the socket, in the same order.
 */
import { openShelf, type Shelf, type ShelfReader } from './shelf.ts';
import type { Frames } from './transport.ts';
import * as signals from './zeromq-signals.ts';

export interface Carriage {
  /** Offers the shelf to the other side. */
  begin(): void;
  /** A message as it is to be sent. */
  outgoing(frames: Frames): Frames;
  /** A message as it arrived, handed on if it is a user's; what it is made of is valid during that call alone. */
  incoming(frames: Frames, deliver: (frames: Frames) => void): void;
  close(): void;
}

export interface CarriageOptions {
  readonly shelf: Shelf | null;
  readonly maxFrameBytes: number;
  readonly send: (frames: Frames) => void;
}

const largeBytes = 1 << 16; // smaller parts are not worth the way

export function createCarriage({ shelf, maxFrameBytes, send }: CarriageOptions): Carriage {
  const lying = new Map<number, number>(); // offset -> how often the other side was told to copy it off
  let isSeen = false;
  let reader: ShelfReader | null = null;

  function take(offset: number): void {
    const times = lying.get(offset) ?? 0;
    if (times === 0) return; // told of nothing there
    if (times === 1) lying.delete(offset);
    else lying.set(offset, times - 1);
    shelf?.free(offset);
  }

  return {
    begin() {
      if (shelf !== null) send(signals.shelf(shelf.address));
    },

    outgoing(frames) {
      const payload = frames.at(-1);
      if (shelf === null || !isSeen || payload === undefined || payload.byteLength < largeBytes)
        return frames;
      const spot = shelf.put(payload);
      if (spot === null) return frames;
      lying.set(spot.offset, (lying.get(spot.offset) ?? 0) + 1);
      return signals.lies(spot, frames.slice(0, -1));
    },

    incoming(frames, deliver) {
      const signal = signals.signalOf(frames);
      if (signal === null) return deliver(frames);
      switch (signal.kind) {
        case 'shelf':
          reader?.close();
          reader = openShelf(signal.address, maxFrameBytes);
          if (reader !== null) send(signals.seen);
          return;
        case 'seen':
          isSeen = true;
          return;
        case 'freed':
          return take(signal.offset);
        case 'lies': {
          const payload = reader?.take(signal.spot) ?? null;
          deliver([...signal.frames, payload ?? new Uint8Array(0)]); // which no frame passes
          return send(signals.freed(signal.spot.offset));
        }
        case 'hello':
        case 'farewell':
        case 'unknown':
          return;
        default:
          return signal satisfies never;
      }
    },

    close() {
      for (const [offset, times] of lying) for (let time = 0; time < times; time++) shelf?.free(offset);
      lying.clear();
      isSeen = false;
      reader?.close();
      reader = null;
    },
  };
}
