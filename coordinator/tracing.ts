/**
 * The coordinator's side of a trace: what its shell sees of the traffic, and what workers say of themselves.
 *
 *   messages             each one that came, from its arrival until what follows from it was sent
 *   to rank N            an array, from its first chunk until the worker has it all: parameters are published here
 *   from rank N          the sums of a task, from the first chunk to the last
 *   chunks under way     a counter: asked of workers and not here yet; sent to them and not acknowledged
 *
 * The program's requests, and the phases of a step, are told by traced-program.ts on a track of their own.
 */
import { ProtocolError } from '../shared/errors.ts';
import { chunkLength } from '../shared/math/layout.ts';
import type { ArrayKind, CoordinatorMessage, DataFrame } from '../shared/protocol/messages.ts';
import { unpackSpans, type ClockAnswer, type TraceMessage } from '../shared/protocol/trace-messages.ts';
import type { SpanArguments } from '../shared/protocol/trace-messages.ts';
import type { Tracer } from '../shared/runtime/trace.ts';
import { beginTransfer, extendTransfer, type Transfer } from '../shared/runtime/transfer.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import type { ClusterEvent, Effect, Notice } from './effects.ts';
import { coordinatorProcess, type TraceEvents } from './run/trace-events.ts';

type Outgoing = Extract<Effect, { type: 'send' }>['message'];

/** What the shell tells; times are the coordinator's. */
export interface ShellTrace {
  /** A control message, as it is to be sent: a welcome asks for spans, and tells the time. */
  outgoing(peer: PeerId, message: Outgoing, arrivedMs: number): Outgoing;
  sent(peer: PeerId, frame: DataFrame): void;
  /** An event was dealt with, all of it since `arrivedMs`. */
  handled(event: ClusterEvent, arrivedMs: number): void;
  notice(notice: Notice): void;
  /** @returns what to answer. @throws ProtocolError */
  told(peer: PeerId, message: TraceMessage, arrivedMs: number): ClockAnswer | null;
}

export interface RunTrace extends Tracer, ShellTrace {
  /** How much went over the links so far. */
  countTraffic(): void;
  /** Tells what has not ended by itself. */
  end(): void;
}

interface Peer {
  readonly rank: number;
  task: string; // what it computes
  readonly outgoing: Map<ArrayKind, Transfer<number> & { readonly expected: number; acknowledged: number }>;
  incoming: Transfer<number> | null;
  asked: number; // chunks that are not here yet
  underWay: number; // chunks that are not acknowledged
}

const programTrack = 'main';
const traffic = (bytes: number): number => Math.round(bytes / 1e4) / 100; // MB

export function createRunTrace(events: TraceEvents, nowMs: () => number): RunTrace {
  const peers = new Map<PeerId, Peer>();
  const lengths = new Map<string, number>(); // chunks of an array by its name and version
  const bytes = { up: 0, down: 0 };
  events.process(coordinatorProcess, 'coordinator');

  function span(track: string, name: string, beganMs: number, endedMs: number, args?: SpanArguments): void {
    events.span(coordinatorProcess, { track, name, beganUs: toUs(beganMs), endedUs: toUs(endedMs), args });
  }

  function end(track: string, transfer: Transfer<number>): void {
    const { name, beganMs, endedMs, chunks } = transfer;
    span(track, name, beganMs, endedMs, { of: transfer.of, chunks, megabytes: traffic(transfer.bytes) });
  }

  function countChunks(): void {
    const sum = (of: (peer: Peer) => number): number =>
      [...peers.values()].reduce((n, peer) => n + of(peer), 0);
    const series = { up: sum(({ asked }) => asked), down: sum(({ underWay }) => underWay) };
    events.counter(coordinatorProcess, 'chunks under way', toUs(nowMs()), series);
  }

  function received(peer: Peer, array: ArrayKind): void {
    peer.underWay -= 1;
    countChunks();
    const transfer = peer.outgoing.get(array);
    if (transfer === undefined) return;
    transfer.acknowledged += 1;
    if (transfer.acknowledged < transfer.expected) return;
    endOutgoing(peer, array);
  }

  function endOutgoing(peer: Peer, array: ArrayKind): void {
    const transfer = peer.outgoing.get(array);
    if (transfer === undefined) return;
    peer.outgoing.delete(array);
    transfer.endedMs = nowMs();
    end(`to rank ${peer.rank}: ${array}`, transfer);
  }

  function endIncoming(peer: Peer): void {
    if (peer.incoming !== null) end(`from rank ${peer.rank}`, peer.incoming);
    peer.incoming = null;
  }

  function takeFrame(peer: Peer, frame: DataFrame, arrivedMs: number): void {
    if (frame.type !== 'sum') return;
    bytes.up += frame.values.byteLength;
    peer.asked -= 1;
    countChunks();
    if (peer.incoming?.of !== frame.task) {
      endIncoming(peer);
      peer.incoming = beginTransfer(frame.task, peer.task, arrivedMs);
    }
    extendTransfer(peer.incoming!, frame, nowMs());
  }

  function lose(id: PeerId): void {
    const peer = peers.get(id);
    if (peer === undefined) return;
    for (const array of peer.outgoing.keys()) endOutgoing(peer, array);
    endIncoming(peer);
    peers.delete(id);
    countChunks();
  }

  return {
    nowMs,
    span,

    outgoing(id, message, arrivedMs) {
      if (message.type === 'welcome') {
        const peer = { rank: message.rank, task: '', incoming: null, asked: 0, underWay: 0 };
        peers.set(id, { ...peer, outgoing: new Map() });
        return { ...message, trace: { receivedMs: arrivedMs, answeredMs: nowMs() } };
      }
      const peer = peers.get(id);
      if (peer === undefined) return message;
      if (message.type === 'task') peer.task = message.spec.kind;
      if (message.type === 'array') lengths.set(message.array, chunksOf(message));
      if (message.type === 'credit') {
        peer.asked += message.chunks.length;
        countChunks();
      }
      return message;
    },

    sent(id, frame) {
      const peer = peers.get(id);
      if (peer === undefined || frame.type !== 'array') return;
      const { array, version } = frame;
      bytes.down += frame.values.byteLength;
      peer.underWay += 1;
      countChunks();
      if (array === 'rows') return; // each of them is whole by itself
      let transfer = peer.outgoing.get(array);
      if (transfer?.of !== version) {
        endOutgoing(peer, array); // a new version comes: nobody needs the rest of the old one
        const expected = lengths.get(array) ?? Infinity;
        transfer = { ...beginTransfer(version, `publish ${array}`, nowMs()), expected, acknowledged: 0 };
        peer.outgoing.set(array, transfer);
      }
      extendTransfer(transfer, frame, nowMs());
    },

    handled(event, arrivedMs) {
      if (event.type === 'lost') return lose(event.peer);
      if (event.type !== 'message' && event.type !== 'frame') return;
      const name = event.type === 'frame' ? `chunk of ${event.frame.type}` : event.message.type;
      span('messages', name, arrivedMs, nowMs());
      const peer = peers.get(event.peer);
      if (peer === undefined) return; // refused
      if (event.type === 'frame') return takeFrame(peer, event.frame, arrivedMs);
      if (event.message.type === 'received') received(peer, event.message.array);
      if (event.message.type === 'hello')
        events.process(peer.rank, `rank ${peer.rank} on ${event.message.host}`);
    },

    notice(notice) {
      const { kind, ...about } = notice;
      if (kind === 'stale' || kind === 'duplicate' || kind === 'rows') return;
      const args = Object.fromEntries(Object.entries(about).map(([name, value]) => [name, String(value)]));
      events.instant(coordinatorProcess, programTrack, kind, toUs(nowMs()), args);
    },

    told(id, message, arrivedMs) {
      const peer = peers.get(id);
      if (peer === undefined) throw new ProtocolError('unasked', `said ${message.type} before hello`);
      if (message.type === 'clock') {
        const { askedMs } = message;
        return { type: 'clock', askedMs, receivedMs: arrivedMs, answeredMs: nowMs() };
      }
      const { droppedCount, clockErrorMs } = message;
      for (const each of unpackSpans(message)) events.span(peer.rank, each);
      const args = { milliseconds: Number.isFinite(clockErrorMs) ? clockErrorMs : String(clockErrorMs) };
      events.instant(peer.rank, 'clock', 'at most wrong by', toUs(arrivedMs), args);
      if (droppedCount > 0)
        events.instant(peer.rank, 'clock', 'spans dropped', toUs(arrivedMs), { count: droppedCount });
      span('messages', 'spans', arrivedMs, nowMs());
      return null;
    },

    countTraffic() {
      const series = { up: traffic(bytes.up), down: traffic(bytes.down) };
      events.counter(coordinatorProcess, 'megabytes', toUs(nowMs()), series);
    },

    end: () => [...peers.keys()].forEach(lose),
  };
}

const toUs = (ms: number): number => Math.round(ms * 1000);

const chunksOf = ({ array, length }: Extract<CoordinatorMessage, { type: 'array' }>): number =>
  Math.ceil(length / (array === 'covariance' ? chunkLength / 2 : chunkLength)); // of float64
