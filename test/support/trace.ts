/** A trace as its readers see it: events checked one by one, spans by process and track, and how they nest. */
import assert from 'node:assert/strict';
import { z } from 'zod';

const ids = { pid: z.int().min(0), tid: z.int().min(1), name: z.string().min(1) };
const timed = { ...ids, cat: z.string(), ts: z.int() };
const args = z.record(z.string(), z.number().or(z.string()));
const eventSchema = z.discriminatedUnion('ph', [
  z.strictObject({ ...ids, ph: z.literal('M'), args: z.record(z.string(), z.number().or(z.string())) }),
  z.strictObject({ ...timed, ph: z.literal('X'), dur: z.int().min(0), args: args.optional() }),
  z.strictObject({ ...timed, ph: z.literal('i'), s: z.literal('g'), args }),
  z.strictObject({ ...timed, ph: z.literal('C'), args: z.record(z.string(), z.number()) }),
]);
type TraceEvent = z.infer<typeof eventSchema>;

export interface ReadSpan {
  readonly process: string; // its name
  readonly track: string;
  readonly name: string;
  readonly beganUs: number;
  readonly endedUs: number;
  readonly args: Readonly<Record<string, number | string>>;
}

export interface ReadTrace {
  readonly processes: readonly string[];
  readonly spans: readonly ReadSpan[];
  readonly counters: readonly string[]; // names
  /** How wrong the times of workers may be, in microseconds, at most. */
  readonly errorUs: number;
}

/** @param text of a file; of one whose writer was killed the `]` may be missing. @throws AssertionError */
export function readTrace(text: string): ReadTrace {
  const events = z.array(eventSchema).parse(JSON.parse(text.trimEnd().endsWith(']') ? text : `${text}]`));
  const processes = new Map<number, string>();
  const threads = new Map<string, string>();
  for (const event of events) {
    const thread = `${event.pid} ${event.tid}`;
    if (event.ph !== 'M') assert.ok(threads.has(thread), `${event.name} on a thread without a name`);
    else if (event.name === 'process_name') processes.set(event.pid, String(event.args['name']));
    else if (event.name === 'thread_name') threads.set(thread, String(event.args['name']));
  }
  const spans = events.flatMap((event) => spanOf(event, processes, threads));
  return {
    processes: [...processes.values()],
    spans,
    counters: [...new Set(events.filter(({ ph }) => ph === 'C').map(({ name }) => name))],
    errorUs: Math.max(0, ...events.flatMap((event) => errorOf(event))),
  };
}

function spanOf(
  event: TraceEvent,
  processes: ReadonlyMap<number, string>,
  threads: ReadonlyMap<string, string>,
): ReadSpan[] {
  if (event.ph !== 'X') return [];
  const { pid, tid, name, ts, dur } = event;
  const process = processes.get(pid);
  assert.ok(process !== undefined, `${name} in a process without a name`);
  const track = threads.get(`${pid} ${tid}`)!;
  return [{ process, track, name, beganUs: ts, endedUs: ts + dur, args: event.args ?? {} }];
}

const errorOf = (event: TraceEvent): number[] =>
  event.ph === 'i' && event.name === 'at most wrong by' ? [Number(event.args['milliseconds']) * 1000] : [];

/** Spans that cross another one of their track: there must be none. */
export function crossings({ spans }: ReadTrace): string[] {
  const crossed: string[] = [];
  const open = new Map<string, ReadSpan[]>();
  for (const span of sorted(spans)) {
    const key = `${span.process}: ${span.track}`;
    const stack = open.get(key) ?? [];
    open.set(key, stack);
    while (stack.length > 0 && stack.at(-1)!.endedUs <= span.beganUs) stack.pop();
    const outer = stack.at(-1);
    if (outer !== undefined && outer.endedUs < span.endedUs)
      crossed.push(`${key}: ${span.name} begins in ${outer.name} and ends after it`);
    stack.push(span);
  }
  return crossed;
}

/** By time, as readers do, who take the first one of those that begin together as the outer: they come so. */
const sorted = (spans: readonly ReadSpan[]): ReadSpan[] => [...spans].sort((a, b) => a.beganUs - b.beganUs);

export const named = ({ spans }: ReadTrace, name: RegExp): ReadSpan[] =>
  spans.filter((span) => name.test(span.name));

export const lengthUs = ({ beganUs, endedUs }: ReadSpan): number => endedUs - beganUs;

/** Whether one span lies in another, but for `slackUs` at either end. */
export const isWithin = (inner: ReadSpan, outer: ReadSpan, slackUs = 0): boolean =>
  inner.beganUs >= outer.beganUs - slackUs && inner.endedUs <= outer.endedUs + slackUs;
