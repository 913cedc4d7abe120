/**
 * A host's transport whose messages are damaged, doubled and replayed on their way when a fault says so, and
 * counted against the windows that bound them.
 *
 * Values and control messages are damaged in any bit, since all carry checksums; control messages are cut short, too.
 */
import { isControl } from '../../shared/protocol/control.ts';
import type { Frames, Hub, Link, PeerId, Transport } from '../../shared/transport/transport.ts';
import type { Chance } from './chance.ts';
import type { Transcript } from './transcript.ts';

export type Tampering = 'damage' | 'duplicate' | 'replay';

export interface Tamperer {
  /** The host's transport, tampered with. */
  wrap(host: string, transport: Transport): Transport;
  /** From its next message on. */
  order(host: string, kind: Tampering): void;
  /** How many frames of arrays are under way to one peer of a hub, at most, as acknowledgements say. */
  readonly mostUnderWay: number;
}

interface Order {
  readonly kind: Tampering;
  left: number; // messages
  readonly what: 'frames' | 'all';
}

const remembered = 96; // frames that may be replayed
const replayed = 24; // of them at once

export function createTamperer(chance: Chance, transcript: Transcript): Tamperer {
  const orders = new Map<string, Order[]>();
  const memory = { up: [] as Frames[], down: [] as Frames[] }; // copies of what was sent, by the direction
  let mostUnderWay = 0;

  function remember(frames: Frames, direction: 'up' | 'down'): void {
    if (isControl(frames)) return;
    const kept = memory[direction];
    kept.push(frames.map((part) => part.slice()));
    if (kept.length > remembered) kept.splice(chance.below(remembered), 1);
  }

  /** What becomes of one message. */
  function meddle(host: string, direction: 'up' | 'down', frames: Frames): readonly Frames[] {
    const order = orders.get(host)?.[0];
    remember(frames, direction);
    if (order === undefined || (order.what === 'frames' && isControl(frames))) return [frames];
    order.left -= 1;
    if (order.left === 0) orders.get(host)!.shift();
    transcript.say(host, `has a message on which ${order.kind} is done`);
    if (order.kind === 'duplicate') return [frames, frames];
    if (order.kind === 'damage') return [damaged(frames)];
    const again = memory[direction];
    return [...Array.from({ length: Math.min(replayed, again.length) }, () => chance.pick(again)), frames];
  }

  function damaged(frames: Frames): Frames {
    const copies = frames.map((part) => part.slice());
    if (isControl(frames)) {
      const [bytes] = copies;
      if (chance.happens(0.5)) return [bytes!.subarray(0, bytes!.byteLength - 1 - chance.below(4))];
    }
    const part = copies[!isControl(frames) && chance.happens(0.7) ? 1 : 0]!;
    part[chance.below(part.byteLength)]! ^= 1 << chance.below(8);
    return copies;
  }

  /** Frames of arrays under way to each peer of a hub. */
  function createAccount() {
    const underWay = new Map<PeerId, number>();
    const add = (peer: PeerId, change: number): void => {
      const count = (underWay.get(peer) ?? 0) + change;
      underWay.set(peer, count);
      mostUnderWay = Math.max(mostUnderWay, count);
    };
    return {
      sent: (peer: PeerId, frames: Frames): void => void (isControl(frames) || add(peer, 1)),
      heard(peer: PeerId, frames: Frames): void {
        if (!isControl(frames)) return;
        const { buffer, byteOffset, byteLength } = frames[0]!;
        const text = Buffer.from(buffer, byteOffset, Math.min(byteLength, 48)).toString('latin1');
        if (text.includes('received')) add(peer, -1);
        if (text.includes('stored')) add(peer, -3); // a chunk of a reducer's state
      },
      forget: (peer: PeerId): void => void underWay.delete(peer),
    };
  }

  function wrapHub(host: string, hub: Hub, account: ReturnType<typeof createAccount>): Hub {
    return {
      ...hub,
      send(peer, frames) {
        account.sent(peer, frames);
        for (const each of meddle(host, 'down', frames)) hub.send(peer, each);
      },
    };
  }

  function wrapLink(host: string, link: Link): Link {
    return {
      ...link,
      send(frames) {
        for (const each of meddle(host, 'up', frames)) link.send(each);
      },
    };
  }

  return {
    get mostUnderWay() {
      return mostUnderWay;
    },

    order(host, kind) {
      const left = kind === 'duplicate' ? 1 + chance.below(6) : 1;
      const what = kind === 'replay' || chance.happens(0.7) ? 'frames' : 'all';
      orders.set(host, [...(orders.get(host) ?? []), { kind, left, what }]);
    },

    wrap: (host, transport) => ({
      async bind(endpoint, options, events) {
        const account = createAccount();
        const hub = await transport.bind(endpoint, options, {
          onFrames(peer, frames) {
            transcript.heard(host, peer, frames);
            account.heard(peer, frames);
            events.onFrames(peer, frames);
          },
          onPeerLost(peer, reason) {
            transcript.say(host, `has lost ${peer}: ${reason}`);
            account.forget(peer);
            events.onPeerLost(peer, reason);
          },
        });
        return wrapHub(host, hub, account);
      },
      connect(endpoint, options, events) {
        const link = transport.connect(endpoint, options, {
          onConnected() {
            transcript.say(host, `is connected to ${endpoint}`);
            events.onConnected();
          },
          onLost(reason) {
            transcript.say(host, `has lost ${endpoint}: ${reason}`);
            events.onLost(reason);
          },
          onFrames(frames) {
            transcript.heard(host, endpoint, frames);
            events.onFrames(frames);
          },
        });
        return wrapLink(host, link);
      },
    }),
  };
}
