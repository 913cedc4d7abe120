/**
 * One connection of the in-memory network: two ends, and what is under way between them.
 *
 * Each direction is a queue. A message arrives after a delay of its own, but never before one sent earlier;
 * nothing arrives while either host is cut off. The end of the connection is itself the last message of the
 * queue, so that what was said before is heard first, as on a socket that is closed.
 *
 * An end has two lives, as on a real host: `connected` is what the network knows, `listening` what the
 * process was told. Between the two lie the things that a paused process has still to hear.
 */
import type { Frames } from './transport.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A host as the network keeps it. */
export interface HostState {
  readonly name: string;
  alive: boolean;
  paused: boolean;
  cutCount: number; // how often it was cut or healed: odd while cut
  readonly held: (() => void)[]; // what a paused host will be told
  readonly ends: Set<End>;
}

/** What all connections of a network share. */
export interface Wire {
  readonly time: VirtualTime;
  /** How long the next message takes. */
  delayMs(): number;
  /** A whole number in [0, bound), from the network's seed. */
  pick(bound: number): number;
  /** Lets a host's process do something, once it runs. */
  tell(host: HostState, action: () => void): void;
}

export interface EndOptions {
  readonly host: HostState;
  readonly maxFrameBytes: number;
  readonly peerTimeoutMs: number;
  readonly onFrames: (frames: Frames) => void;
  /** Once, unless the end was closed by its own side. */
  readonly onLost: (reason: string) => void;
}

/** What one side holds of a connection. */
export interface End {
  send(frames: Frames): void;
  /** Ends the connection from this side, which hears nothing more of it. */
  close(reason: string): void;
  /** The process is gone: of what it sent last, some never left. */
  break(): void;
  /** A host was cut off, or is back. */
  onCutChanged(): void;
}

interface Item {
  readonly arrivalMs: number;
  readonly frames: Frames; // the sender's own
  readonly farewell: string | null; // why the connection ends here
}

interface Side {
  readonly options: EndOptions;
  readonly queue: Item[]; // towards this side
  connected: boolean;
  listening: boolean;
}

export const isCut = (host: HostState): boolean => host.cutCount % 2 === 1;

/** @returns the two ends, in the order of their options */
export function createPair(wire: Wire, first: EndOptions, second: EndOptions): readonly [End, End] {
  const left: Side = { options: first, queue: [], connected: true, listening: true };
  const right: Side = { options: second, queue: [], connected: true, listening: true };
  let silence: object | null = null; // of the cut that lasts

  const cut = (): boolean => isCut(first.host) || isCut(second.host);

  function endOf(side: Side, other: Side): End {
    const end: End = {
      send(frames) {
        if (side.connected && side.options.host.alive) push(other, frames, null);
      },
      close(reason) {
        side.listening = false;
        hangUp(side, other, reason);
      },
      break() {
        if (!side.connected) return; // it has said its last
        side.listening = false;
        other.queue.length = wire.pick(other.queue.length + 1);
        hangUp(side, other, 'the connection is gone');
      },
      onCutChanged() {
        if (!cut()) {
          silence = null;
          arrive(left, right);
          arrive(right, left);
        } else if (silence === null) {
          const mine = (silence = {});
          for (const [one, another] of [[left, right] as const, [right, left] as const])
            wire.time.schedule(one.options.peerTimeoutMs, () => {
              if (silence === mine) lose(one, another, 'silence');
            });
        }
      },
    };
    side.options.host.ends.add(end);
    ends.set(side, end);
    return end;
  }

  /** Sends a message towards a side. */
  function push(to: Side, frames: Frames, farewell: string | null): void {
    const earliestMs = to.queue.at(-1)?.arrivalMs ?? 0;
    const arrivalMs = Math.max(earliestMs, wire.time.nowMs + wire.delayMs());
    to.queue.push({ arrivalMs, frames, farewell });
    wire.time.schedule(arrivalMs - wire.time.nowMs, () => arrive(to, to === left ? right : left));
  }

  /** Hands a side what is due. */
  function arrive(side: Side, other: Side): void {
    while (side.queue.length > 0 && !cut() && side.queue[0]!.arrivalMs <= wire.time.nowMs) {
      const item = side.queue.shift()!;
      if (!side.connected) continue;
      if (item.farewell !== null) lose(side, other, item.farewell);
      else if (item.frames.some((part) => part.byteLength > side.options.maxFrameBytes))
        lose(side, other, 'a frame was too large');
      else deliver(side, item.frames);
    }
  }

  /** What the sender changed on the way arrives changed, as over a socket. */
  function deliver(side: Side, frames: Frames): void {
    const copies = frames.map((part) => new Uint8Array(part));
    wire.tell(side.options.host, () => {
      if (side.listening) side.options.onFrames(copies);
    });
  }

  /** The connection is over for a side; it is told, and the other side will be. */
  function lose(side: Side, other: Side, reason: string): void {
    if (!side.connected) return;
    hangUp(side, other, reason);
    wire.tell(side.options.host, () => {
      if (!side.listening) return;
      side.listening = false;
      side.options.onLost(reason);
    });
  }

  function hangUp(side: Side, other: Side, reason: string): void {
    if (!side.connected) return;
    side.connected = false;
    if (other.connected) return push(other, [], reason); // until it has heard, cuts concern the pair
    for (const one of [side, other]) one.options.host.ends.delete(ends.get(one)!);
  }

  const ends = new Map<Side, End>();
  return [endOf(left, right), endOf(right, left)];
}
