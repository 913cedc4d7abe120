/** A coordinator's machine, and a hub, with somebody who looks on: what they do stays the same. */
import type { Hub, HubEvents } from '../../shared/transport/transport.ts';
import type { Coordinator } from '../coordinator.ts';
import type { ClusterEvent } from '../effects.ts';

/** @param onEvent told of every event before the machine is */
export function observed<T>(
  coordinator: Coordinator<T>,
  onEvent: (event: ClusterEvent) => void,
): Coordinator<T> {
  return {
    begin: () => coordinator.begin(),
    handle(event) {
      onEvent(event);
      return coordinator.handle(event);
    },
    expect: (header) => coordinator.expect(header),
    get result() {
      return coordinator.result;
    },
  };
}

export type Bind = (events: HubEvents) => Promise<Hub>;

/** @param onBytes told of the size of every message that comes and goes */
export const metered =
  (bind: Bind, onBytes: (direction: 'received' | 'sent', bytes: number) => void): Bind =>
  async (events) => {
    const hub = await bind({
      ...events,
      onFrames(peer, frames) {
        onBytes('received', sizeOf(frames));
        events.onFrames(peer, frames);
      },
    });
    return {
      endpoint: hub.endpoint,
      send(peer, frames) {
        onBytes('sent', sizeOf(frames));
        hub.send(peer, frames);
      },
      drop: (peer, reason) => hub.drop(peer, reason),
      close: () => hub.close(),
    };
  };

const sizeOf = (frames: readonly Uint8Array[]): number =>
  frames.reduce((total, { byteLength }) => total + byteLength, 0);
