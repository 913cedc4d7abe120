/**
 * How each rank is: who it is, when it was last heard of, what it computed of the last task and how long that
 * took, how much memory it has. A rank that was lost stays on the board, as lost, until it is back.
 */
import type { WorkerMessage } from '../../shared/protocol/messages.ts';
import type { PeerId } from '../../shared/transport/transport.ts';
import type { ClusterEvent, Notice } from '../effects.ts';
import type { Members } from '../members.ts';

/**
 * `starting`: builds the model and opens the data; `working`: it computes, or just did; `waiting`: it has nothing to
 * do; `silent`: nothing was heard of it for a while.
 */
export type RankState = 'starting' | 'working' | 'waiting' | 'silent' | 'lost';

export interface RankView {
  readonly rank: number;
  readonly host: string;
  readonly device: string;
  readonly backend: string;
  readonly state: RankState;
  readonly ageSeconds: number; // since it was last heard of
  readonly computeSeconds: number | null; // of its part of the last gradient
  readonly microBatches: number; // of that part
  readonly residentBytes: number | null;
}

export interface RankBoard {
  event(event: ClusterEvent): void;
  notice(notice: Notice): void;
  /** Of every rank there is or was, in their order. */
  views(): RankView[];
}

interface Entry {
  readonly host: string;
  readonly device: string;
  readonly backend: string;
  heardMs: number;
  workedMs: number; // when it last said that it computes
  task: number; // whose parts are added up
  computeMs: number;
  microBatches: number;
  residentBytes: number | null;
}

const workingMs = 2000; // since it said so last: it is asked each second
const silentMs = 3000; // pings are answered each second, unless the device blocks the process

/** @param members null as long as there is none */
export function createRankBoard(members: () => Pick<Members, 'get'> | null, nowMs: () => number): RankBoard {
  const entries = new Map<PeerId, Entry>();
  const lost = new Map<number, Entry>();

  function onMessage(peer: PeerId, message: WorkerMessage): void {
    if (message.type === 'hello') entries.set(peer, newEntry(message, nowMs()));
    const entry = entries.get(peer);
    if (entry === undefined) return;
    if (message.type === 'progress') entry.residentBytes = message.residentBytes;
    if (message.type === 'node') addPart(entry, message);
    if (message.type === 'node' || (message.type === 'progress' && message.phase !== 'waiting'))
      entry.workedMs = nowMs();
  }

  return {
    event(event) {
      if (event.type !== 'message' && event.type !== 'frame') return;
      if (event.type === 'message' && isWorkers(event.message)) onMessage(event.peer, event.message);
      const entry = entries.get(event.peer);
      if (entry !== undefined) entry.heardMs = nowMs();
    },

    notice(notice) {
      if (notice.kind !== 'joined' && notice.kind !== 'lost' && notice.kind !== 'refused') return;
      const entry = entries.get(notice.peer);
      if (notice.kind !== 'joined') entries.delete(notice.peer);
      if (notice.rank === null || entry === undefined) return;
      if (notice.kind === 'lost') lost.set(notice.rank, entry);
      if (notice.kind === 'joined') lost.delete(notice.rank);
    },

    views() {
      const present = [...entries].flatMap(([peer, entry]) => {
        const member = members()?.get(peer);
        if (member === undefined) return [];
        const isSilent = nowMs() - entry.heardMs > silentMs;
        const state = nowMs() - entry.workedMs < workingMs ? 'working' : 'waiting';
        return [viewOf(member.rank, entry, !member.ready ? 'starting' : isSilent ? 'silent' : state)];
      });
      const here = new Set(present.map(({ rank }) => rank));
      const gone = [...lost].flatMap(([rank, entry]) => (here.has(rank) ? [] : viewOf(rank, entry, 'lost')));
      return [...present, ...gone].sort((a, b) => a.rank - b.rank);
    },
  };

  function viewOf(rank: number, entry: Entry, state: RankState): RankView {
    const { host, device, backend, residentBytes, microBatches, computeMs, heardMs } = entry;
    const ageSeconds = (nowMs() - heardMs) / 1000;
    const computeSeconds = microBatches === 0 ? null : computeMs / 1000;
    return { rank, host, device, backend, state, ageSeconds, computeSeconds, microBatches, residentBytes };
  }
}

/** A reducer in a process of its own talks to the coordinator, too, and is no rank. */
const isWorkers = (message: { readonly type: string }): message is WorkerMessage =>
  ['hello', 'progress', 'node'].includes(message.type);

const newEntry = (
  { host, fingerprint }: Extract<WorkerMessage, { type: 'hello' }>,
  heardMs: number,
): Entry => ({
  host,
  device: fingerprint.device,
  backend: fingerprint.backend,
  heardMs,
  workedMs: -Infinity,
  task: 0,
  computeMs: 0,
  microBatches: 0,
  residentBytes: null,
});

/** A rank's part of a task may be several nodes. Only gradients count: the other tasks are few and unlike. */
function addPart(entry: Entry, message: Extract<WorkerMessage, { type: 'node' }>): void {
  if (message.squares === 0) return;
  if (entry.task !== message.task) [entry.task, entry.computeMs, entry.microBatches] = [message.task, 0, 0];
  entry.computeMs += message.computeMs;
  entry.microBatches += message.end - message.first;
}
