/**
 * Sends one array (parameters, basis, statistics) to every worker, chunk by chunk, each at its own pace.
 *
 * A worker has at most `window` frames under way: it says `received` for each. A new version begins again at
 * the first chunk, since a half-sent old one is of no use. Frames carry copies, shared by all workers: the
 * next commit may overwrite the parameters before a slow worker took the last ones.
 */
import { chunkAt } from '../shared/math/layout.ts';
import type { ArrayKind } from '../shared/protocol/messages.ts';
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

interface Receiver {
  next: number; // chunk
  underWay: number; // frames sent and not acknowledged, of any version
  announced: boolean;
}

export function createArraySender(options: ArraySenderOptions): ArraySender {
  const receivers = new Map<PeerId, Receiver>();
  let current: { version: number; length: number; view: (chunk: number) => Values } | null = null;
  let copies: (Values | undefined)[] = [];
  let range = { first: 0, end: 0 };

  function* feed(worker: PeerId, receiver: Receiver): Generator<Effect> {
    if (current === null) return;
    const { version, length } = current;
    if (!receiver.announced) {
      receiver.announced = true;
      yield { type: 'send', peer: worker, message: { type: 'array', array: options.array, version, length } };
    }
    for (; receiver.next < range.end && receiver.underWay < options.window; receiver.next += 1) {
      receiver.underWay += 1;
      const chunk = receiver.next;
      const values = (copies[chunk - range.first] ??= current.view(chunk).slice());
      yield {
        type: 'sendFrame',
        peer: worker,
        frame: { type: 'array', array: options.array, version, chunk, values },
      };
    }
    if ([...receivers.values()].every(({ next }) => next === range.end)) copies = [];
  }

  return {
    publish(version, length, view) {
      current = { version, length, view };
      copies = [];
      range = options.chunks ?? { first: 0, end: Math.ceil(length / options.valuesPerChunk) };
      chunkAt(length, range.end - 1, options.valuesPerChunk); // throws when the range does not fit
      for (const receiver of receivers.values())
        Object.assign(receiver, { next: range.first, announced: false });
      return [...receivers].flatMap(([worker, receiver]) => [...feed(worker, receiver)]);
    },
    attach(worker) {
      const receiver: Receiver = { next: range.first, underWay: 0, announced: false };
      receivers.set(worker, receiver);
      return [...feed(worker, receiver)];
    },
    detach(worker) {
      receivers.delete(worker);
    },
    received(worker) {
      const receiver = receivers.get(worker);
      if (receiver === undefined || receiver.underWay === 0) return [];
      receiver.underWay -= 1;
      return [...feed(worker, receiver)];
    },
  };
}
