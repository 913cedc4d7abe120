/**
 * The hub's side of a connection: who is there, what is queued for whom, and who is gone.
 *
 * A link says hello; the hub answers and probes with the same (zeromq-signals.ts). A closed socket throws away what
 * its peer has not read yet, whatever its linger, so that who closes says farewell, the last message of all,
 * and waits for a moment until the other side has heard it. A peer exists from its hello on. Who speaks before it
 * is banned, as is who is dropped: what they send is forgotten unread, for as long as their connection lasts, since
 * a ROUTER cannot end one. Who is gone shows when something is sent to it, and something is sent several times a
 * second, to the banned too, so that nothing has to be remembered of those who have left.
 */
import assert from 'node:assert';
import { createCarriage, type Carriage } from './carriage.ts';
import { createLettingGo } from './let-go.ts';
import type { Shelf } from './shelf.ts';
import type { Frames, Hub, HubEvents, PeerId, StrangerKind } from './transport.ts';
import { farewell, hello, signalOf } from './zeromq-signals.ts';

/** What the hub does with a ROUTER socket: one receive at a time, sends that succeed or fail at once. */
export interface RouterSocket {
  readonly closed: boolean;
  readonly readable: boolean;
  receive(): Promise<Uint8Array[]>;
  send(frames: Uint8Array[]): Promise<void>;
}

export interface HubOptions {
  readonly socket: RouterSocket;
  readonly endpoint: string;
  readonly clock: { after(delayMs: number, callback: () => void): () => void };
  readonly probeIntervalMs: number;
  readonly farewellMs: number; // that a closed hub waits for its peers, at most
  readonly maxPeers: number; // one more is banned
  readonly maxFrameBytes: number;
  readonly shelf: Shelf | null; // for large payloads to links of this machine; closed with the hub
  /** Resolves after the event loop went round. */
  readonly nextTurn: () => Promise<unknown>;
  readonly events: HubEvents;
  readonly close: () => Promise<void>;
}

interface Peer {
  readonly id: PeerId;
  readonly routingId: Uint8Array;
  readonly queue: Frames[];
  readonly carriage: Carriage;
  sending: boolean;
  gone: boolean; // lost or dropped: nothing more comes from it
}

const identity = /^worker:[0-9a-f]{16}$/;
const retryMs = 2; // until a peer whose pipe is full is tried again
const drainTurns = 64; // at most, for what a lost peer said last
const closingProbeMs = 10; // while a closed hub waits for its peers to leave

export function createHub(options: HubOptions): Hub {
  const { socket, clock, events } = options;
  const peers = new Map<PeerId, Peer>();
  const timers = new Set<() => void>(); // of pauses under way
  const banned = new Map<PeerId, Uint8Array>(); // connections that are still there, by their routing id
  const letGo = createLettingGo(options.nextTurn);
  let closing = false;
  let closed = false;
  const isOpen = (): boolean => !closed;

  async function receiveForever(): Promise<void> {
    while (isOpen()) {
      const message = await socket.receive().catch(unlessClosed);
      if (message === null || closed) return;
      onMessage(message);
      await letGo(message); // of strangers and of the banned, too
    }
  }

  function onMessage([routingId, ...frames]: Uint8Array[]): void {
    if (routingId === undefined || frames.length === 0) return;
    const id = Buffer.from(routingId).toString('latin1');
    const peer = peers.get(id);
    if (peer === undefined) {
      const kind = signalOf(frames)?.kind;
      if (banned.has(id) || kind === 'farewell') return;
      if (kind !== 'hello' || !identity.test(id)) return refuse(routingId, 'noHello');
      if (peers.size >= options.maxPeers) return refuse(routingId, 'crowd');
      welcome(id, routingId);
    } else if (signalOf(frames)?.kind === 'farewell') {
      takeLeave(peer, 'farewell');
      forget(peer, 'it has left');
    } else peer.carriage.incoming(frames, (whole) => closing || events.onFrames(id, whole));
  }

  function welcome(id: PeerId, routingId: Uint8Array): void {
    const { maxFrameBytes, shelf } = options;
    const send = (frames: Frames): void => void (peer.gone || enqueue(peer, frames));
    const carriage = createCarriage({ shelf, maxFrameBytes, send });
    const peer: Peer = {
      id,
      routingId: Buffer.from(routingId),
      queue: [],
      carriage,
      sending: false,
      gone: false,
    };
    peers.set(id, peer);
    enqueue(peer, hello);
    carriage.begin();
  }

  function refuse(routingId: Uint8Array, kind: StrangerKind): void {
    if (closing) return;
    events.onStranger?.(kind, '');
    ban(routingId);
  }

  function ban(routingId: Uint8Array): void {
    const own = Buffer.from(routingId); // not a view of the message that it came in
    banned.set(own.toString('latin1'), own);
  }

  /** The last message to a peer; what was queued before it goes first. */
  function takeLeave(peer: Peer, reason: string): void {
    if (peer.gone) return;
    peer.gone = true;
    enqueue(peer, farewell(reason));
  }

  function enqueue(peer: Peer, frames: Frames): void {
    peer.queue.push(frames);
    if (!peer.sending) void sendAll(peer);
  }

  /** Empties a peer's queue, in order, for as long as the peer takes it. */
  async function sendAll(peer: Peer): Promise<void> {
    peer.sending = true;
    while (isOpen() && peer.queue.length > 0) {
      const frames = peer.queue[0]!;
      const outcome = await trySend(peer, frames);
      if (outcome === 'full') await pause(retryMs);
      else if (outcome === 'sent') {
        if (peer.queue[0] === frames) peer.queue.shift(); // unless the queue was forgotten meanwhile
      } else {
        peer.queue.length = 0;
        void lose(peer);
      }
    }
    peer.sending = false;
  }

  /** Its own frames are queued in the same moment or not at all: a message is never cut in two. */
  async function trySend(
    { routingId }: Pick<Peer, 'routingId'>,
    frames: Frames,
  ): Promise<'sent' | 'full' | 'gone'> {
    try {
      await socket.send([routingId, ...frames]);
      return 'sent';
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EAGAIN') return 'full';
      if (code === 'EHOSTUNREACH' || closed) return 'gone';
      throw error;
    }
  }

  /** Hears out what a peer said before it went, then tells that it is lost. */
  async function lose(peer: Peer): Promise<void> {
    peer.gone = true;
    let turn = 0; // one at least, for what was received in this one
    do await options.nextTurn();
    while (++turn < drainTurns && isOpen() && socket.readable);
    forget(peer, 'the connection is gone');
  }

  function forget(peer: Peer, reason: string): void {
    if (closed || peers.get(peer.id) !== peer) return;
    peers.delete(peer.id);
    peer.carriage.close();
    if (!closing) events.onPeerLost(peer.id, reason);
  }

  function pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        timers.delete(cancel);
        resolve();
      };
      const stop = clock.after(delayMs, finish);
      const cancel = (): void => {
        stop();
        finish();
      };
      timers.add(cancel);
    });
  }

  /** Sends something to everybody to whom nothing is under way: that is how the lost are found. */
  async function probeForever(): Promise<void> {
    while (isOpen()) {
      for (const peer of peers.values()) if (!peer.sending && !peer.gone) enqueue(peer, hello);
      await forgetTheGone();
      await pause(options.probeIntervalMs);
    }
  }

  async function forgetTheGone(): Promise<void> {
    for (const [id, routingId] of banned) {
      if (!isOpen()) return;
      if ((await trySend({ routingId }, hello)) === 'gone') banned.delete(id);
    }
  }

  function unlessClosed(error: unknown): null {
    if (!closed) throw error;
    return null;
  }

  void receiveForever();
  void probeForever();
  return {
    endpoint: options.endpoint,
    send(id, frames) {
      assert(signalOf(frames) === null, 'a message begins with a part that is not empty');
      const peer = peers.get(id);
      if (peer !== undefined && !peer.gone && !closing) enqueue(peer, peer.carriage.outgoing(frames));
    },
    drop(id, reason) {
      const peer = peers.get(id);
      if (peer === undefined || closing) return;
      peer.queue.length = 0;
      ban(peer.routingId);
      takeLeave(peer, reason);
      peer.carriage.close();
      peers.delete(id);
      queueMicrotask(() => closing || events.onPeerLost(id, reason));
    },
    async close() {
      if (closing) return;
      closing = true;
      for (const peer of peers.values()) takeLeave(peer, 'the other side was closed');
      for (let waitedMs = 0; waitedMs < options.farewellMs && peers.size > 0; waitedMs += closingProbeMs) {
        await pause(closingProbeMs);
        for (const peer of peers.values()) if (!peer.sending) enqueue(peer, hello);
      }
      closed = true;
      for (const cancel of timers) cancel();
      for (const peer of peers.values()) peer.carriage.close();
      options.shelf?.close();
      await options.close();
    },
  };
}
