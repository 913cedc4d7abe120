/**
 * A worker's links as one connection: link 0 to the coordinator, one more to each reducer that it was told of.
 *
 * What is lost of them is lost as a whole: the others are closed, and it begins again at the coordinator, which
 * says whom to join this time.
 */
import type { Frames, Link, Transport, TransportOptions } from '../shared/transport/transport.ts';

export interface LinksOptions {
  readonly transport: Transport;
  readonly transportOptions: TransportOptions;
  readonly endpoint: string; // of the coordinator
  readonly onConnected: (link: number) => void;
  readonly onFrames: (link: number, frames: Frames) => void;
  /** Told once, whichever link it was. */
  readonly onLost: (reason: string) => void;
}

export interface Links {
  send(link: number, frames: Frames): void;
  /** Connects to reducers; kept until the connection is lost. */
  join(endpoints: readonly string[]): void;
  close(): Promise<void>;
}

export function createLinks({ transport, transportOptions, endpoint, ...events }: LinksOptions): Links {
  let closed = false;
  let links: Link[] = [];

  function open(index: number, to: string): Link {
    const isCurrent = (): boolean => links[index] === link && !closed;
    const link = transport.connect(to, transportOptions, {
      onConnected: () => void (isCurrent() && events.onConnected(index)),
      onFrames: (frames) => void (isCurrent() && events.onFrames(index, frames)),
      onLost: (reason) => void (isCurrent() && lose(index, reason)),
    });
    return link;
  }

  function lose(index: number, reason: string): void {
    const [coordinator, ...reducers] = links as [Link, ...Link[]];
    links = [coordinator];
    for (const link of reducers) void link.close();
    events.onLost(index === 0 ? `the coordinator is gone (${reason})` : `a reducer is gone (${reason})`);
    if (index > 0) void startAgain(coordinator); // link 0 connects again by itself when it was the one
  }

  async function startAgain(coordinator: Link): Promise<void> {
    links = [];
    await coordinator.close();
    if (!closed) links = [open(0, endpoint)];
  }

  links = [open(0, endpoint)];
  return {
    send: (link, frames) => links[link]?.send(frames),
    join(endpoints) {
      links = [...links.slice(0, 1), ...endpoints.map((to, index) => open(index + 1, to))];
    },
    async close() {
      closed = true;
      await Promise.all(links.map((link) => link.close()));
    },
  };
}
