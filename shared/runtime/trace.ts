/**
 * Where the spans of a trace go: what took how long, on which track of this process.
 *
 * A tracer is there only while somebody asked for a trace. Whoever would tell it something asks first whether it
 * is there, so that without one nothing is measured and nothing allocated. The spans of one track nest, and never
 * cross: what overlaps belongs on tracks of its own.
 */
import type { SpanArguments } from '../protocol/trace-messages.ts';

export interface Tracer {
  /** By the clock of this process. */
  nowMs(): number;
  /** @param beganMs by `nowMs`, as is `endedMs` */
  span(track: string, name: string, beganMs: number, endedMs: number, args?: SpanArguments): void;
}

/** Runs `work`, and tells the tracer how long it took. Synchronous: for what waits, take the times yourself. */
export function traced<T>(tracer: Tracer, track: string, name: string, work: () => T): T {
  const beganMs = tracer.nowMs();
  const value = work();
  tracer.span(track, name, beganMs, tracer.nowMs());
  return value;
}
