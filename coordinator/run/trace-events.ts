/**
 * Events of a trace as Chrome and Perfetto read them: an array of JSON objects, one a line, written as they come.
 *
 *   X  a span         ts and dur in microseconds; the spans of one thread nest
 *   i  an instant     of the whole trace
 *   C  a counter      one series for each key of its arguments
 *   M  metadata       names of processes and threads, before their first event
 *
 * The format allows for a missing `]`: what a killed process leaves can be opened, too. Whoever reads it sorts by
 * time, and of spans that begin together takes the first one as the outer. Processes are ranks, and their threads
 * tracks, numbered as they come.
 * Format: "Trace Event Format", https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
import type { Span, SpanArguments } from '../../shared/protocol/trace-messages.ts';

/** No rank is as high, and the number zero belongs to the first rank. */
export const coordinatorProcess = 1_000_000;

export interface TraceEvents {
  /** Names a process; again when another one takes its place. */
  process(process: number, name: string): void;
  span(process: number, span: Span): void;
  /** Something that happened, to be seen across the whole trace. */
  instant(process: number, track: string, name: string, atUs: number, args: SpanArguments): void;
  counter(process: number, name: string, atUs: number, series: Readonly<Record<string, number>>): void;
  /** Ends the array. */
  end(): void;
}

/** @param write is given text to be appended, in order */
export function createTraceEvents(write: (text: string) => void): TraceEvents {
  const threads = new Map<string, number>();
  let count = 0;

  function event(value: Readonly<Record<string, unknown>>): void {
    write(`${count === 0 ? '[' : ','}\n${JSON.stringify(value)}`);
    count += 1;
  }

  /** The number of a track, which is named when it comes first, and shown in the order of coming. */
  function threadOf(pid: number, track: string): number {
    const key = `${pid} ${track}`;
    const known = threads.get(key);
    if (known !== undefined) return known;
    const tid = threads.size + 1; // Linux numbers threads across processes, and so do readers
    threads.set(key, tid);
    event({ name: 'thread_name', ph: 'M', pid, tid, args: { name: track } });
    event({ name: 'thread_sort_index', ph: 'M', pid, tid, args: { sort_index: tid } });
    return tid;
  }

  return {
    process(pid, name) {
      const tid = threadOf(pid, 'main');
      event({ name: 'process_name', ph: 'M', pid, tid, args: { name } });
      const order = pid === coordinatorProcess ? -1 : pid;
      event({ name: 'process_sort_index', ph: 'M', pid, tid, args: { sort_index: order } });
    },
    span(pid, { track, name, beganUs, endedUs, args }) {
      const tid = threadOf(pid, track);
      const times = { ts: beganUs, dur: endedUs - beganUs };
      event({ name, cat: track, ph: 'X', pid, tid, ...times, ...(args === undefined ? {} : { args }) });
    },
    instant(pid, track, name, atUs, args) {
      event({ name, cat: track, ph: 'i', s: 'g', pid, tid: threadOf(pid, track), ts: atUs, args });
    },
    counter(pid, name, atUs, series) {
      event({ name, cat: 'traffic', ph: 'C', pid, tid: threadOf(pid, 'main'), ts: atUs, args: series });
    },
    end: () => write(count === 0 ? '[]\n' : '\n]\n'),
  };
}
