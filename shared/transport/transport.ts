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

/** Why somebody was kept out before a single frame of theirs was looked at; a bounded label of metrics. */
export const strangerKinds = [
  'unknownKey', // a key that is not on the list
  'noKeys', // keys where none are expected, or none where they are
  'wrongServerKey', // keys made for another hub
  'garbage', // no peer of this program: a scan, a browser, noise
  'silent', // connected, and said nothing within the time of a handshake
  'noHello', // spoke before it said hello
  'crowd', // one more than a hub takes
] as const;
export type StrangerKind = (typeof strangerKinds)[number];

export interface HubEvents {
  /** Frames are valid during the call alone, and must not be written to. */
  onFrames(peer: PeerId, frames: Frames): void;
  /** The connection is gone; nothing more comes from this peer id. Also told after `drop`. */
  onPeerLost(peer: PeerId, reason: string): void;
  /** Somebody was kept out. @param from an address, or what else is known of them; may be empty */
  onStranger?(kind: StrangerKind, from: string): void;
}

export interface Hub {
  /** Where links connect to, such as `tcp://127.0.0.1:5770`. */
  readonly endpoint: string;
  /**
   * Queues a message, in order with all others to this peer. Payloads are not copied: they may not change until
   * a message from the peer says that they arrived. A peer that is gone is told of by `onPeerLost`, once.
   */
  send(peer: PeerId, frames: Frames): void;
  /** Forgets the peer and what is queued for it; nothing that it sends from now on is read. */
  drop(peer: PeerId, reason: string): void;
  close(): Promise<void>;
}

export interface LinkEvents {
  onFrames(frames: Frames): void;
  /** The connection is up, or up again after it was lost: say HELLO. */
  onConnected(): void;
  onLost(reason: string): void;
  /** The hub keeps us out. @param forGood whether trying again is in vain, as with a key that it does not know */
  onRefused?(reason: string, forGood: boolean): void;
}

export interface Link {
  send(frames: Frames): void; // as Hub.send
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly maxFrameBytes: number; // a larger frame ends the connection
  readonly peerTimeoutMs: number; // silence after which a peer counts as lost
}

/** A pair of CURVE keys, each in Z85: 40 characters. */
export interface KeyPair {
  readonly publicKey: string;
  readonly secretKey: string;
}

export interface BindOptions extends TransportOptions {
  /** Only links whose public key is allowed get in, and nobody reads along. Without, anybody does. */
  readonly keys?: (KeyPair & { readonly allowed: readonly string[] }) | undefined;
  /** Lets a hub without keys be reached from other machines. */
  readonly insecure?: boolean;
}

export interface ConnectOptions extends TransportOptions {
  readonly keys?: (KeyPair & { readonly serverKey: string }) | undefined; // the hub's public one
}

export interface Transport {
  /** @param endpoint such as `tcp://127.0.0.1:5770`; port 0 takes any free one */
  bind(endpoint: string, options: BindOptions, events: HubEvents): Promise<Hub>;
  /** Connects, and connects again by itself whenever the connection is lost, until closed. */
  connect(endpoint: string, options: ConnectOptions, events: LinkEvents): Link;
}
