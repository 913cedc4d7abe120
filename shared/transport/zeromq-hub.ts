/**
 * The hub's side of a connection: who is there, what is queued for whom, and who is gone.
 *
 * A message whose first part is empty belongs to the transport: a link says hello with one, the hub answers
 * and probes with them, and takes leave of a peer that it drops with a reason behind the empty part. A peer
 * exists from its hello on. Frames of anybody else are forgotten, so that nothing has to be remembered of the
 * lost and the dropped. Who is gone shows when something is sent to it, and something is sent several times a
 * second.
 */
import assert from 'node:assert';
import type { Frames, Hub, HubEvents, PeerId } from './transport.ts';

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
  /** Resolves after the event loop went round. */
  readonly nextTurn: () => Promise<unknown>;
  readonly events: HubEvents;
  readonly close: () => Promise<void>;
}

interface Peer {
  readonly id: PeerId;
  readonly routingId: Uint8Array;
  readonly queue: Frames[];
  sending: boolean;
  gone: boolean; // lost or dropped: nothing more comes from it
}

const identity = /^worker:[0-9a-f]{16}$/;
const retryMs = 2; // until a peer whose pipe is full is tried again
const drainTurns = 64; // at most, for what a lost peer said last

export const nothing = new Uint8Array(0);
export const isOfTransport = (frames: Frames): boolean => frames[0]?.byteLength === 0;

export function createHub(options: HubOptions): Hub {
  const { socket, clock, events } = options;
  const peers = new Map<PeerId, Peer>();
  const timers = new Set<() => void>(); // of pauses under way
  let closed = false;
  const isOpen = (): boolean => !closed;

  async function receiveForever(): Promise<void> {
    while (isOpen()) {
      const message = await socket.receive().catch(unlessClosed);
      if (message === null || closed) return;
      onMessage(message);
    }
  }

  function onMessage([routingId, ...frames]: Uint8Array[]): void {
    if (routingId === undefined || frames.length === 0) return;
    const id = Buffer.from(routingId).toString('latin1');
    const peer = peers.get(id);
    if (peer !== undefined && !isOfTransport(frames)) events.onFrames(id, frames);
    else if (peer === undefined && isOfTransport(frames) && identity.test(id)) welcome(id, routingId);
  }

  function welcome(id: PeerId, routingId: Uint8Array): void {
    const peer: Peer = { id, routingId: Buffer.from(routingId), queue: [], sending: false, gone: false };
    peers.set(id, peer);
    enqueue(peer, [nothing]);
  }

  function enqueue(peer: Peer, frames: Frames): void {
    peer.queue.push(frames);
    if (!peer.sending) void sendAll(peer);
  }

  /** Empties a peer's queue, in order, for as long as the peer takes it. */
  async function sendAll(peer: Peer): Promise<void> {
    peer.sending = true;
    while (isOpen() && peer.queue.length > 0) {
      const outcome = await trySend(peer, peer.queue[0]!);
      if (outcome === 'sent') peer.queue.shift();
      else if (outcome === 'full') await pause(retryMs);
      else {
        peer.queue.length = 0;
        if (!peer.gone) void lose(peer);
      }
    }
    peer.sending = false;
  }

  /** Its own frames are queued in the same moment or not at all: a message is never cut in two. */
  async function trySend(peer: Peer, frames: Frames): Promise<'sent' | 'full' | 'gone'> {
    try {
      await socket.send([peer.routingId, ...frames]);
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
    for (let turn = 0; turn < drainTurns && isOpen() && socket.readable; turn++) await options.nextTurn();
    forget(peer, 'the connection is gone');
  }

  function forget(peer: Peer, reason: string): void {
    if (closed || peers.get(peer.id) !== peer) return;
    peers.delete(peer.id);
    events.onPeerLost(peer.id, reason);
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
      for (const peer of peers.values()) if (!peer.sending && !peer.gone) enqueue(peer, [nothing]);
      await pause(options.probeIntervalMs);
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
      assert(!isOfTransport(frames), 'a message begins with a part that is not empty');
      const peer = peers.get(id);
      if (peer !== undefined && !peer.gone) enqueue(peer, frames);
    },
    drop(id, reason) {
      const peer = peers.get(id);
      if (peer === undefined) return;
      peer.gone = true;
      peer.queue.length = 0;
      enqueue(peer, [nothing, Buffer.from(reason)]);
      peers.delete(id);
      queueMicrotask(() => !closed && events.onPeerLost(id, reason));
    },
    async close() {
      if (closed) return;
      closed = true;
      for (const cancel of timers) cancel();
      await options.close();
    },
  };
}
