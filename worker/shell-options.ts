/** What a worker's shell is given: the world outside, and how to get model and data. */
import type { WorkerMessage } from '../shared/protocol/messages.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { Tracer } from '../shared/runtime/trace.ts';
import type { Transport, TransportOptions } from '../shared/transport/transport.ts';
import type { Equipment, FetchRows } from './equipment.ts';
import type { Welcome } from './events.ts';

export interface WorkerShellOptions {
  readonly transport: Transport;
  readonly transportOptions: TransportOptions;
  readonly endpoint: string;
  readonly identity: Omit<Extract<WorkerMessage, { type: 'hello' }>, 'type' | 'protocol'>;
  readonly clock: Clock;
  readonly coordinatorTimeoutMs?: number | undefined; // without one for so long it leaves; none: never
  /**
   * Builds the model and opens the data; both tell the tracer, if there is one. @throws LockstepError
   * @returns null when `fetch` said that it is of no use any more
   */
  readonly equip: (welcome: Welcome, tracer: Tracer | null, fetch: FetchRows) => Promise<Equipment | null>;
  readonly log: (line: string) => void;
}
