/**
 * Whether this worker traces itself, and what it says then: it begins with a welcome that asks for it.
 *
 * The clock of the coordinator becomes known by the exchange of hello and welcome, and better by questions later:
 * clocks of two boxes drift apart, and the first exchange may have been a slow one.
 */
import type { TreeNode } from '../shared/math/tree.ts';
import type { ClockAnswer, TraceMessage } from '../shared/protocol/trace-messages.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { Welcome } from './events.ts';
import type { Rooms } from './node.ts';
import { watchRooms } from './watched-device.ts';
import { createWorkerTrace, nodeTrack, type WorkerTrace } from './worker-trace.ts';

export interface Tracing {
  /** While the coordinator asks for one. */
  readonly trace: WorkerTrace | null;
  /** Hello is sent at this moment. */
  greeting(): void;
  /** @returns the welcome without its times, by which it would be unlike every other */
  welcome(message: Welcome): Welcome;
  answered(answer: ClockAnswer): void;
  ask(): void;
  /** Sends what has ended: between two leaves, or after the last one, when nothing of the main track is open. */
  flush(): void;
  rooms(rooms: Rooms): Rooms;
  /** A node of a task of this kind was computed, since `beganMs`. */
  computed(kind: string, node: TreeNode, beganMs: number): void;
}

/** @param send to the coordinator */
export function createTracing(clock: Clock, send: (message: TraceMessage) => void): Tracing {
  let trace: WorkerTrace | null = null;
  let greetedMs = 0;

  const tracing: Tracing = {
    get trace() {
      return trace;
    },
    greeting: () => void (greetedMs = clock.nowMs()),
    welcome({ trace: times, ...welcome }) {
      if (times === undefined) trace = null;
      else trace ??= createWorkerTrace(() => clock.nowMs());
      if (times === undefined) return welcome;
      trace?.observe({ ...times, askedMs: greetedMs, arrivedMs: clock.nowMs() });
      return { ...welcome, trace: { receivedMs: 0, answeredMs: 0 } };
    },
    answered: (answer) => trace?.observe({ ...answer, arrivedMs: clock.nowMs() }),
    ask() {
      if (trace !== null) send({ type: 'clock', askedMs: clock.nowMs() });
    },
    flush() {
      if (trace !== null) for (const message of trace.take()) send(message);
    },
    rooms: (rooms) => (trace === null ? rooms : watchRooms(rooms, trace)),
    computed(kind, { first, end }, beganMs) {
      trace?.span(nodeTrack, kind, beganMs, trace.nowMs(), { first, end });
      tracing.flush();
      tracing.ask();
    },
  };
  return tracing;
}
