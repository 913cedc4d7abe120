/** Which port the coordinator takes: the one asked for, else the first free one from 5770 on. */
import { LockstepError } from '../shared/errors.ts';
import { maxFrameBytes } from '../shared/protocol/frame.ts';
import type { Hub, HubEvents, Transport } from '../shared/transport/transport.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number | null; // null: any from 5770 to 5869; 0: any at all
}

/** Where nobody says which: one of so many ports from this one on. */
export const firstPort = 5770;
export const portCount = 100;
const peerTimeoutMs = 5000;

/** @throws LockstepError when none can be had */
export async function bindHub(
  transport: Transport,
  { host, port }: ListenAddress,
  events: HubEvents,
): Promise<Hub> {
  const options = { maxFrameBytes, peerTimeoutMs };
  if (port !== null) return transport.bind(`tcp://${host}:${port}`, options, events);
  for (let candidate = firstPort; ; candidate++) {
    try {
      return await transport.bind(`tcp://${host}:${candidate}`, options, events);
    } catch (error) {
      if (!(error instanceof LockstepError) || candidate === firstPort + portCount - 1) throw error;
    }
  }
}
