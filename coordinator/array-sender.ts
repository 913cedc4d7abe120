/**
 * Sends one array (parameters, basis, statistics) to every worker, chunk by chunk, each at its own pace.
 *
 * A worker has at most `window` frames under way: it says `received` for each. A new version begins again at
 * the first chunk, since a half-sent old one is of no use. Frames carry copies, one for all workers: the next
 * commit may overwrite the parameters before a slow worker took the last ones. The room of a copy is used again
 * once every worker has acknowledged it, since fresh memory costs more than the copy.
 */
import { checksumOf } from '../shared/math/checksum.ts';
import { chunkAt } from '../shared/math/layout.ts';
import type { ArrayKind, DataFrame } from '../shared/protocol/messages.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import type { Effect } from './effects.ts';

type Values = Float32Array | Float64Array;

export interface ArraySender {
  /** Sends this version to all, from now on. @param view the chunk as it is now; copied before it is sent */
  publish(version: number, length: number, view: (chunk: number) => Values): Effect[];
  attach(worker: PeerId): Effect[];
  detach(worker: PeerId): void;
  received(worker: PeerId): Effect[];
}

export interface ArraySenderOptions {
  readonly array: ArrayKind;
  readonly valuesPerChunk: number;
  readonly window: number; // frames under way to one worker
  readonly chunks?: { readonly first: number; readonly end: number }; // the part that is sent here; all by default
}

type ArrayFrame = Extract<DataFrame, { type: 'array' }>;

/** A chunk of one version, as all workers get it. */
interface Packet {
  readonly frame: ArrayFrame;
  underWay: number; // to so many workers, not acknowledged
  isOpen: boolean; // some worker may still be sent it
}

interface Receiver {
  next: number; // chunk
  readonly underWay: Packet[]; // in the order in which they are acknowledged, of any version
  announced: boolean;
}

export function createArraySender(options: ArraySenderOptions): ArraySender {
  const receivers = new Map<PeerId, Receiver>();
  const rooms: Values[] = []; // free
  let current: { version: number; length: number; view: (chunk: number) => Values } | null = null;
  let packets: (Packet | undefined)[] = []; // the open ones
  let range = { first: 0, end: 0 };

  function* feed(worker: PeerId, receiver: Receiver): Generator<Effect> {
    if (current === null) return;
    const { version, length } = current;
    if (!receiver.announced) {
      receiver.announced = true;
      yield { type: 'send', peer: worker, message: { type: 'array', array: options.array, version, length } };
    }
    for (; receiver.next < range.end && receiver.underWay.length < options.window; receiver.next += 1) {
      const packet = (packets[receiver.next - range.first] ??= pack(
        version,
        current.view(receiver.next),
        receiver.next,
      ));
      packet.underWay += 1;
      receiver.underWay.push(packet);
      yield { type: 'sendFrame', peer: worker, frame: packet.frame };
    }
    closeWhatAllWereSent();
  }

  function pack(version: number, view: Values, chunk: number): Packet {
    const checksum = checksumOf(new Uint8Array(view.buffer, view.byteOffset, view.byteLength)); // where it lies: in place
    const index = rooms.findIndex(({ length }) => length === view.length);
    const values = index < 0 ? view.slice() : rooms.splice(index, 1)[0]!;
    if (index >= 0) values.set(view);
    return {
      frame: { type: 'array', array: options.array, version, chunk, values, checksum },
      underWay: 0,
      isOpen: true,
    };
  }

  function closeWhatAllWereSent(): void {
    const sent = Math.min(...[...receivers.values()].map(({ next }) => next));
    for (let chunk = range.first; chunk < Math.min(sent, range.end); chunk++) close(chunk - range.first);
  }

  function close(index: number): void {
    const packet = packets[index];
    if (packet === undefined) return;
    packets[index] = undefined;
    packet.isOpen = false;
    release(packet);
  }

  function release({ frame, underWay, isOpen }: Packet): void {
    const isOfUse = frame.values.length <= (current?.length ?? 0);
    if (underWay === 0 && !isOpen && isOfUse) rooms.push(frame.values as Values);
  }

  return {
    publish(version, length, view) {
      packets.forEach((_, index) => close(index));
      if (current?.length !== length) rooms.splice(0); // of an array that is no more
      current = { version, length, view };
      range = options.chunks ?? { first: 0, end: Math.ceil(length / options.valuesPerChunk) };
      chunkAt(length, range.end - 1, options.valuesPerChunk); // throws when the range does not fit
      packets = Array.from({ length: range.end - range.first }, () => undefined);
      for (const receiver of receivers.values()) {
        receiver.next = range.first;
        receiver.announced = false;
      }
      return [...receivers].flatMap(([worker, receiver]) => [...feed(worker, receiver)]);
    },
    attach(worker) {
      const receiver: Receiver = { next: range.first, underWay: [], announced: false };
      receivers.set(worker, receiver);
      return [...feed(worker, receiver)];
    },
    detach(worker) {
      receivers.delete(worker); // what was under way to it is never used again: its transport may still read it
      if (receivers.size > 0) closeWhatAllWereSent();
    },
    received(worker) {
      const receiver = receivers.get(worker);
      const packet = receiver?.underWay.shift();
      if (receiver === undefined || packet === undefined) return [];
      packet.underWay -= 1;
      release(packet);
      return [...feed(worker, receiver)];
    },
  };
}
