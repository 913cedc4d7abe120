/**
 * A worker's part of a trace: keeps spans until they are taken as messages, in the coordinator's time.
 *
 * What this process's one thread does nests, on the track `main`. What lasts while the thread does other things
 * (values that come and go, a node of several leaves) has tracks of its own. Spans are few enough to be kept from
 * leaf to leaf; what nobody takes is dropped, and counted.
 */
import type { DataFrame, ArrayKind } from '../shared/protocol/messages.ts';
import {
  packSpans,
  type Span,
  type SpanArguments,
  type SpansMessage,
} from '../shared/protocol/trace-messages.ts';
import { createClockOffset, type RoundTrip } from '../shared/runtime/clock-offset.ts';
import type { Tracer } from '../shared/runtime/trace.ts';
import { beginTransfer, extendTransfer, type Transfer } from '../shared/runtime/transfer.ts';

export const mainTrack = 'main';
export const nodeTrack = 'nodes';

export interface WorkerTrace extends Tracer {
  /** An exchange with the coordinator, which tells what its clock shows. */
  observe(trip: RoundTrip): void;
  /** A frame of an array came, and was dealt with since `beganMs`. */
  received(frame: DataFrame, beganMs: number): void;
  /** A whole array was copied to the device, since `beganMs`. */
  installed(array: ArrayKind, beganMs: number): void;
  /** A frame of a sum was handed to the link, since `beganMs`. */
  sent(frame: DataFrame, beganMs: number): void;
  /** All spans that have ended, as messages. Take them when no span of `main` is open. */
  take(): SpansMessage[];
}

interface Timed {
  readonly track: string;
  readonly name: string;
  readonly beganMs: number;
  readonly endedMs: number;
  readonly args: SpanArguments | undefined;
}

/** Values under way: frame after frame of one array, or of one task's sums. */
const keptMax = 2 ** 15; // spans

/** @param nowMs by this process's clock */
export function createWorkerTrace(nowMs: () => number): WorkerTrace {
  const offset = createClockOffset();
  const taken = new Map<string, number>(); // by track: where the spans end that were taken, in microseconds
  const incoming = new Map<ArrayKind, Transfer<string>>();
  let outgoing: Transfer<string> | null = null;
  let kept: Timed[] = [];
  let droppedCount = 0;

  function span(track: string, name: string, beganMs: number, endedMs: number, args?: SpanArguments): void {
    if (kept.length < keptMax) kept.push({ track, name, beganMs, endedMs, args });
    else droppedCount += 1;
  }

  function end(track: string, { name, beganMs, endedMs, chunks, bytes }: Transfer<string>): void {
    span(track, name, beganMs, endedMs, { chunks, megabytes: bytes / 1e6 });
  }

  function endOutgoing(): void {
    if (outgoing !== null) end('sending', outgoing);
    outgoing = null;
  }

  /**
   * In the coordinator's time, the outer ones of a track first. Its clock may have become better known since the last
   * time; what would then begin before the spans that were taken begins where they end.
   */
  function convert(spans: readonly Timed[]): Span[] {
    const toUs = (ms: number): number => Math.round(offset.toTheirs(ms) * 1000);
    const converted = spans.map(({ track, name, beganMs, endedMs, args }): Span => {
      const floorUs = taken.get(track) ?? -Infinity;
      return {
        track,
        name,
        beganUs: Math.max(floorUs, toUs(beganMs)),
        endedUs: Math.max(floorUs, toUs(endedMs)),
        args,
      };
    });
    for (const { track, endedUs } of converted)
      taken.set(track, Math.max(taken.get(track) ?? -Infinity, endedUs));
    return converted.sort((a, b) => a.beganUs - b.beganUs || b.endedUs - a.endedUs);
  }

  return {
    nowMs,
    span,
    observe: (trip) => offset.observe(trip),

    received(frame, beganMs) {
      if (frame.type !== 'array') return;
      const endedMs = nowMs();
      span(mainTrack, `receive a chunk of ${frame.array}`, beganMs, endedMs);
      const of = String(frame.version);
      const known = incoming.get(frame.array);
      const transfer = known?.of === of ? known : beginTransfer(of, frame.array, beganMs);
      incoming.set(frame.array, transfer);
      extendTransfer(transfer, frame, endedMs);
    },

    installed(array, beganMs) {
      span(mainTrack, `install ${array}`, beganMs, nowMs());
      const transfer = incoming.get(array);
      incoming.delete(array);
      if (transfer !== undefined) end(`receiving ${array}`, transfer);
    },

    sent(frame, beganMs) {
      if (frame.type !== 'sum') return;
      const endedMs = nowMs();
      span(mainTrack, 'send a chunk', beganMs, endedMs);
      const of = `${frame.task} ${frame.attempt}`;
      if (outgoing?.of !== of) {
        endOutgoing();
        outgoing = beginTransfer(of, `sums of task ${frame.task}`, beganMs);
      }
      extendTransfer(outgoing, frame, endedMs);
    },

    take() {
      const spans = convert(kept);
      const about = { droppedCount, clockErrorMs: offset.errorMs };
      [kept, droppedCount] = [[], 0];
      return packSpans(spans, about);
    },
  };
}
