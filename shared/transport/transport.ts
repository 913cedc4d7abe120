/**
 * Frames between one hub and many links, and nothing about what they mean.
 *
 * A hub (the coordinator's or a reducer's side) is addressed by many links (the workers' side). Delivery
 * between a pair is in order or not at all; a lost connection is told to both sides, and what was under way is
 * lost with it: nothing is ever resumed in the middle. Two implementations pass one contract suite: ZeroMQ,
 * and a deterministic in-memory network for tests.
 */

/** One message: a control message is one frame, a data message a header and its payload. */
export type Frames = readonly Uint8Array[];

/** A connection as the hub names it: new at every connection, never used again. */
export type PeerId = string;

export interface HubEvents {
  /** The payload stays valid only as long as the receiver holds it; it must not be written to. */
  onFrames(peer: PeerId, frames: Frames): void;
  /** The connection is gone; nothing more comes from this peer id. Also told after `drop`. */
  onPeerLost(peer: PeerId, reason: string): void;
}

export interface Hub {
  /** Where links connect to, such as `tcp://127.0.0.1:5770`. */
  readonly endpoint: string;
  /**
   * Queues a message, in order with all others to this peer. Payloads are not copied: they may not change until
   * a message from the peer says that they arrived. A peer that is gone is told of by `onPeerLost`, once.
   */
  send(peer: PeerId, frames: Frames): void;
  /** Forgets the peer and what is queued for it. */
  drop(peer: PeerId, reason: string): void;
  close(): Promise<void>;
}

export interface LinkEvents {
  onFrames(frames: Frames): void;
  /** The connection is up, or up again after it was lost: say HELLO. */
  onConnected(): void;
  onLost(reason: string): void;
}

export interface Link {
  send(frames: Frames): void; // as Hub.send
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly maxFrameBytes: number; // a larger frame ends the connection
  readonly peerTimeoutMs: number; // silence after which a peer counts as lost
}

export interface Transport {
  /** @param endpoint such as `tcp://127.0.0.1:5770`; port 0 takes any free one */
  bind(endpoint: string, options: TransportOptions, events: HubEvents): Promise<Hub>;
  /** Connects, and connects again by itself whenever the connection is lost, until closed. */
  connect(endpoint: string, options: TransportOptions, events: LinkEvents): Link;
}
