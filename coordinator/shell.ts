/**
 * Feeds the coordinator's machine with what arrives, and carries out its effects on a hub.
 *
 * Frames are judged before they are believed: a stale or doubled one is counted and forgotten, anything else
 * that breaks the protocol ends that worker's connection, never the run.
 */
import { ProtocolError } from '../shared/errors.ts';
import { decodePeerMessage, encodeControl, isControl } from '../shared/protocol/control.ts';
import type { DataSetName } from '../shared/protocol/data-messages.ts';
import { rowsDigest } from '../shared/protocol/row-frames.ts';
import { decodeFrame } from '../shared/protocol/frame.ts';
import type { DataFrame } from '../shared/protocol/messages.ts';
import { isTraceMessage, type TraceMessage } from '../shared/protocol/trace-messages.ts';
import type { Frames, Hub, HubEvents, PeerId } from '../shared/transport/transport.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { Coordinator } from './coordinator.ts';
import { createEncoder } from './encode-once.ts';
import type { ClusterEvent, Effect, Notice } from './effects.ts';
import type { ShellTrace } from './tracing.ts';

export interface ShellOptions<T> {
  readonly coordinator: Coordinator<T>;
  readonly epoch: number; // the run folder's incarnation: what an older one sends is refused
  readonly clock: Clock;
  readonly bind: (events: HubEvents) => Promise<Hub>;
  /** Reads rows, and their labels, as they travel. */
  readonly packRows: (of: DataSetName, rows: readonly number[]) => Uint8Array;
  readonly onNotice: (notice: Notice) => void;
  /** A message that broke the protocol; `kind` is a bounded label. */
  readonly onOffence: (peer: PeerId, kind: string, message: string) => void;
  readonly trace?: ShellTrace | null; // told of everything, where a trace is asked for
}

export interface CoordinatorShell<T> {
  readonly endpoint: string;
  /** Settles with what the program returned, or with the error that ended the run. */
  readonly finished: Promise<T>;
  /** Asks the program to end: at once where it waits, else after the step that is open. */
  stop(): void;
  /** Says that one of the expected reducers will not come. */
  reducerAbsent(reason: string): void;
  close(): Promise<void>;
}

const tickMs = 1000;

export async function startCoordinator<T>(options: ShellOptions<T>): Promise<CoordinatorShell<T>> {
  const { coordinator, epoch, clock, trace = null } = options;
  let arrivedMs = 0; // the event that is being dealt with; only for a trace
  const connected = new Set<PeerId>();
  const encode = createEncoder();
  let settled = false;
  let cancelTick = (): void => {};
  let settle: { resolve: (value: T) => void; reject: (error: unknown) => void };
  const finished = new Promise<T>((resolve, reject) => (settle = { resolve, reject }));
  finished.catch(() => {}); // whoever awaits it is told; nobody has to

  const hub = await options.bind({
    onPeerLost(peer, reason) {
      connected.delete(peer);
      run(() => coordinator.handle({ type: 'lost', peer, reason }));
      trace?.handled({ type: 'lost', peer, reason }, 0);
    },
    onFrames(peer, frames) {
      connected.add(peer);
      if (trace !== null) arrivedMs = clock.nowMs();
      const event = read(peer, frames);
      if (event === null) return;
      run(() => coordinator.handle(event), peer);
      trace?.handled(event, arrivedMs);
    },
  });

  function read(peer: PeerId, frames: Frames): ClusterEvent | null {
    try {
      if (!isControl(frames)) {
        const frame = decodeFrame(frames, { epoch, values: (header) => coordinator.expect(header) });
        return { type: 'frame', peer, frame };
      }
      const envelope = decodePeerMessage(frames);
      if (!isFirst(envelope.message) && envelope.epoch !== epoch)
        throw new ProtocolError('stale', 'spoke to another incarnation');
      if (isTraceMessage(envelope.message)) return note(peer, envelope.message);
      return { type: 'message', peer, message: envelope.message };
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      offend(peer, error);
      return null;
    }
  }

  /** What a worker says for the trace never reaches the machine. @throws ProtocolError */
  function note(peer: PeerId, message: TraceMessage): null {
    if (trace === null) throw new ProtocolError('unasked', `said ${message.type}, and there is no trace`);
    const answer = trace.told(peer, message, arrivedMs);
    if (answer !== null) hub.send(peer, encodeControl(epoch, answer));
    return null;
  }

  function offend(peer: PeerId, error: ProtocolError): void {
    if (error.kind === 'stale' || error.kind === 'duplicate' || error.kind === 'epoch') {
      options.onNotice({ kind: error.kind === 'duplicate' ? 'duplicate' : 'stale', peer });
      return;
    }
    options.onOffence(peer, error.kind, error.message);
    hub.drop(peer, error.message);
  }

  /** Lets the machine handle an event. An error that is not a peer's ends the run. */
  function run(step: () => Effect[], peer?: PeerId): void {
    if (settled) return;
    try {
      step().forEach(carryOut);
      if (coordinator.result !== null) end(() => settle.resolve(coordinator.result as T));
    } catch (error) {
      if (error instanceof ProtocolError && peer !== undefined) offend(peer, error);
      else end(() => settle.reject(error));
    }
  }

  function carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        return hub.send(
          effect.peer,
          encodeControl(epoch, trace?.outgoing(effect.peer, effect.message, arrivedMs) ?? effect.message),
        );
      case 'sendFrame':
        return sendFrame(effect.peer, effect.frame);
      case 'sendRows': {
        const { peer, request, of, rows } = effect;
        const values = options.packRows(of, rows);
        const chunk = rowsDigest(of, rows);
        return sendFrame(peer, { type: 'array', array: 'rows', version: request, chunk, values });
      }
      case 'drop':
        return hub.drop(effect.peer, effect.reason);
      case 'notice':
        trace?.notice(effect.notice);
        return options.onNotice(effect.notice);
      default:
        return effect satisfies never;
    }
  }

  function sendFrame(peer: PeerId, frame: DataFrame): void {
    trace?.sent(peer, frame);
    hub.send(peer, encode(frame, epoch));
  }

  function end(how: () => void): void {
    settled = true;
    cancelTick();
    how();
  }

  /** Each second: deadlines, and a ping to everybody, by which the hub finds out who is gone. */
  function tick(): void {
    for (const peer of connected) hub.send(peer, encodeControl(epoch, { type: 'ping' }));
    run(() => coordinator.handle({ type: 'tick' }));
    if (!settled) cancelTick = clock.after(tickMs, tick);
  }

  cancelTick = clock.after(tickMs, tick);
  run(() => coordinator.begin());
  return {
    endpoint: hub.endpoint,
    finished,
    reducerAbsent: (reason) => run(() => coordinator.handle({ type: 'absent', reason })),
    stop: () => run(() => coordinator.handle({ type: 'interrupt' })),
    async close() {
      end(() => {});
      await hub.close();
    },
  };
}

/** What is said before the incarnation is known. */
const isFirst = ({ type }: { readonly type: string }): boolean => type === 'hello' || type === 'reducer';
