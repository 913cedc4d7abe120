/** An array on its way, as a trace shows it: one span from its first chunk to its last. */
import type { DataFrame } from '../protocol/messages.ts';

export interface Transfer<Of> {
  readonly of: Of; // what it is, to be told from the next
  readonly name: string;
  readonly beganMs: number;
  endedMs: number;
  chunks: number;
  bytes: number;
}

export const beginTransfer = <Of>(of: Of, name: string, beganMs: number): Transfer<Of> => ({
  of,
  name,
  beganMs,
  endedMs: beganMs,
  chunks: 0,
  bytes: 0,
});

/** One chunk more. */
export function extendTransfer(transfer: Transfer<unknown>, { values }: DataFrame, endedMs: number): void {
  transfer.endedMs = endedMs;
  transfer.chunks += 1;
  transfer.bytes += values.byteLength;
}
