/**
 * Hub and link of the in-memory network: what a process holds of its connections.
 *
 * Both keep to the contract of transport.ts as ZeroMQ's do: a peer id is never used again, the end of a
 * connection is told once and never from within a call, and a link that lost its connection looks for another.
 */
import type { End, EndOptions, HostState, Wire } from './memory-pair.ts';
import type { Hub, HubEvents, Link, LinkEvents, PeerId, TransportOptions } from './transport.ts';

/** Where links come in. */
export interface Listener {
  readonly host: HostState;
  /** The hub's side of a new connection, and where its end is to be left. */
  accept(): { readonly options: EndOptions; attach(end: End): void };
}

/** Connects as soon as it can, for as long as it is `wanted`; then hands over the link's end. */
export type Dial = (
  endpoint: string,
  link: EndOptions,
  wanted: () => boolean,
  onUp: (end: End) => void,
) => void;

interface SideOptions {
  readonly host: HostState;
  readonly wire: Wire;
  readonly endpoint: string;
  readonly transportOptions: TransportOptions;
}

export interface MemoryHubOptions extends SideOptions {
  readonly events: HubEvents;
  readonly nextPeer: () => PeerId;
  readonly unbind: () => void;
}

export function createMemoryHub(options: MemoryHubOptions): { hub: Hub; listener: Listener } {
  const { host, wire, endpoint, transportOptions, events } = options;
  const peers = new Map<PeerId, End>();
  let closed = false;

  const listener: Listener = {
    host,
    accept() {
      const id = options.nextPeer();
      return {
        options: {
          host,
          ...transportOptions,
          onFrames: (frames) => events.onFrames(id, frames),
          onLost(reason) {
            peers.delete(id);
            events.onPeerLost(id, reason);
          },
        },
        attach: (end) => void peers.set(id, end),
      };
    },
  };

  const hub: Hub = {
    endpoint,
    send: (id, frames) => peers.get(id)?.send(frames),
    drop(id, reason) {
      const end = peers.get(id);
      if (end === undefined) return;
      peers.delete(id);
      end.close(reason);
      wire.time.schedule(0, () => wire.tell(host, () => void (closed || events.onPeerLost(id, reason))));
    },
    close() {
      closed = true;
      options.unbind();
      for (const end of peers.values()) end.close('the connection is gone');
      peers.clear();
      return Promise.resolve();
    },
  };
  return { hub, listener };
}

export interface MemoryLinkOptions extends SideOptions {
  readonly events: LinkEvents;
  readonly reconnectMs: number;
  readonly dial: Dial;
}

export function createMemoryLink(options: MemoryLinkOptions): Link {
  const { host, wire, endpoint, transportOptions, events } = options;
  let end: End | null = null;
  let closed = false;

  const side: EndOptions = {
    host,
    ...transportOptions,
    onFrames: (frames) => events.onFrames(frames),
    onLost(reason) {
      end = null;
      wire.time.schedule(options.reconnectMs, seek);
      events.onLost(reason);
    },
  };

  function seek(): void {
    options.dial(
      endpoint,
      side,
      () => !closed,
      (up) => {
        end = up;
        wire.tell(host, () => void (closed || events.onConnected()));
      },
    );
  }

  seek();
  return {
    send: (frames) => end?.send(frames),
    close() {
      closed = true;
      end?.close('the connection is gone');
      end = null;
      return Promise.resolve();
    },
  };
}
