/** A frame that goes to many peers is encoded once: its checksum is what costs. */
import { encodeFrame } from '../shared/protocol/frame.ts';
import type { DataFrame } from '../shared/protocol/messages.ts';
import type { Frames } from '../shared/transport/transport.ts';

/** @returns `encodeFrame`, which remembers each frame for as long as somebody holds it; of one epoch */
export function createEncoder(): (frame: DataFrame, epoch: number) => Frames {
  const known = new WeakMap<DataFrame, Frames>();
  return (frame, epoch) => {
    const found = known.get(frame);
    if (found !== undefined) return found;
    const frames = encodeFrame(frame, epoch);
    known.set(frame, frames);
    return frames;
  };
}
