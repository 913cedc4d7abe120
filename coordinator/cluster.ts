/**
 * Carries out one request of the training program at a time, on whoever is there.
 *
 * A request becomes a task: the leaves of a summation tree, dealt to the ready workers in whole subtrees. A lost
 * worker's nodes go to others; nothing that arrived is thrown away, since a node's value is the same bits
 * whoever computes it. A value that is not finite is computed once more, by other workers where there are any.
 *
 *   idle --request--> waiting for workers --deal--> open --all sums complete--> answered
 *                                                    open --not finite, first time--> open (attempt 1)
 *                                                    open --worker lost--> open (its nodes dealt again)
 */
import assert from 'node:assert/strict';
import { ProtocolError } from '../shared/errors.ts';
import { deal } from '../shared/math/deal.ts';
import { nodeKey, type TreeNode } from '../shared/math/tree.ts';
import type { ExpectedValues, FrameHeader } from '../shared/protocol/frame.ts';
import type { DataFrame, WorkerMessage } from '../shared/protocol/messages.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import type { Deadlines } from './deadlines.ts';
import type { Effect } from './effects.ts';
import { createMembers, type DoorOptions, type Member, type Members } from './members.ts';
import { Interrupted, type Answer, type Request } from './requests.ts';
import type { Stores } from './stores.ts';
import { hasAllScalars, nonFiniteLeaves, openTask, partOf, type NodeMessage, type OpenTask } from './task.ts';

export type ClusterEvent =
  | { readonly type: 'message'; readonly peer: PeerId; readonly message: WorkerMessage }
  | { readonly type: 'frame'; readonly peer: PeerId; readonly frame: DataFrame }
  | { readonly type: 'lost'; readonly peer: PeerId; readonly reason: string }
  | { readonly type: 'tick' }
  | { readonly type: 'interrupt' }; // somebody asked the run to stop

export interface ClusterOptions {
  readonly door: DoorOptions;
  readonly minWorkers: number;
  readonly expectedWorkers: number; // the first task waits for them, but not for long
  readonly stores: Stores;
  readonly deadlines: Deadlines;
  readonly nowMs: () => number; // monotonic
}

export interface Cluster {
  readonly members: Members;
  /** Begins a request; the one before must have been answered. */
  request(request: Request): Effect[];
  handle(event: ClusterEvent): Effect[];
  /**
   * What a frame must hold, asked before its payload is looked at.
   * @throws ProtocolError of kind `stale` or `duplicate`, which are no offence, or `unasked`
   */
  expect(header: FrameHeader): ExpectedValues;
  /** The answer to the request, once it is there; taken once. */
  takeAnswer(): Answer | null;
  /** Ranks that the open task waits for, for diagnosis. */
  awaited(): { readonly members: readonly Member[]; readonly sinceMs: number } | null;
}

const gatherMs = 10_000;

type TaskRequest = Extract<Request, { kind: 'sum' | 'step' }>;

export function createCluster(options: ClusterOptions): Cluster {
  const { door, minWorkers, expectedWorkers, stores, deadlines, nowMs } = options;
  const members = createMembers(door);
  let request: Request | null = null;
  let answer: Answer | null = null;
  let task: OpenTask | null = null; // null while the request waits for workers
  let nextTask = 1;
  let dealtMs = 0;
  let interrupted = false;
  let scalarsMs = 0; // when the last node was computed
  let gathering: { readonly sinceMs: number } | null | 'done' = null; // of the workers that are expected

  const respond = (value: Answer): void => {
    [answer, request, task] = [value, null, null];
  };

  /** Deals the open request's leaves over the ready workers, if there are enough of them. */
  function dealOut(open: TaskRequest, attempt: number): Effect[] {
    const ready = members.ready();
    if (ready.length < Math.max(1, minWorkers) || isGathering(ready.length)) return [];
    const shares = deal(open.leafCount, ready.length);
    const assignments = shares.flatMap((nodes, index) => {
      const worker = ready[(index + attempt) % ready.length]!.peer; // a second attempt goes to other workers
      return nodes.map((node) => ({ node, worker }));
    });
    task = openTask(nextTask, attempt, open.leafCount, assignments);
    nextTask += 1;
    [dealtMs, scalarsMs] = [nowMs(), 0];
    const workers = [...new Set(assignments.map(({ worker }) => worker))];
    return [
      ...workers.flatMap((worker) => sendTask(open, worker)),
      ...stores.begin(open, task.id, attempt, assignments),
    ];
  }

  /** Whether to wait a little longer for the workers that were started with the run. */
  function isGathering(readyCount: number): boolean {
    if (gathering === null) gathering = { sinceMs: nowMs() };
    if (gathering !== 'done') {
      const isOver = readyCount >= expectedWorkers || nowMs() - gathering.sinceMs >= gatherMs;
      if (isOver) gathering = 'done';
    }
    return gathering !== 'done';
  }

  /**
   * Gives the open request up, now or as soon as nobody works on it any more. A step that somebody works on is let
   * finish: it is short, and then whole.
   */
  function giveUpIfInterrupted(): void {
    if (!interrupted || request === null) return;
    if (request.kind === 'step' && task !== null && awaitedPeers(task).length > 0) return;
    stores.abandon();
    respond({ kind: 'failed', error: new Interrupted() });
  }

  /** Tells a worker its nodes of the open task, and begins to send it what it needs for them. */
  function sendTask(open: TaskRequest, peer: PeerId): Effect[] {
    assert(task !== null);
    const { id, attempt, leafCount, parts } = task;
    const nodes = parts.filter(({ worker }) => worker === peer).map(({ node }) => node);
    const { needs, spec, resultLength, effects } = stores.supply(open, peer);
    const message = { type: 'task', task: id, attempt, leafCount, nodes, needs, resultLength, spec } as const;
    return [{ type: 'send', peer, message }, ...effects];
  }

  function onNode(peer: PeerId, message: NodeMessage): Effect[] {
    if (task === null || message.task !== task.id || message.attempt !== task.attempt)
      return [notice('stale', peer)];
    const part = partOf(task, message);
    if (part === undefined) {
      throw new ProtocolError('unasked', `computed node ${nodeKey(message)}, which was not dealt`);
    }
    if (part.result !== null) return [notice('duplicate', peer)];
    part.result = message;
    if (!hasAllScalars(task)) return [];
    scalarsMs = nowMs();
    return finishIfComplete();
  }

  function onFrame(frame: DataFrame): Effect[] {
    expect(frame);
    return [...stores.take(frame as Extract<DataFrame, { type: 'sum' }>), ...finishIfComplete()];
  }

  function expect(header: FrameHeader | DataFrame): ExpectedValues {
    if (header.type !== 'sum') throw new ProtocolError('unasked', `sent an array of ${header.array}`);
    if (task === null || header.task !== task.id || header.attempt !== task.attempt) {
      throw new ProtocolError('stale', `sent a chunk of task ${header.task}, which is not open`);
    }
    return stores.expect(header);
  }

  function finishIfComplete(): Effect[] {
    if (task === null || !hasAllScalars(task) || !stores.complete) return [];
    assert(request?.kind === 'sum' || request?.kind === 'step');
    const [open, closed] = [request, task];
    const broken = nonFiniteLeaves(closed);
    const notices = broken.map(({ worker, leaves }): Effect => {
      const rank = (worker === null ? undefined : members.get(worker)?.rank) ?? -1;
      return { type: 'notice', notice: { kind: 'nonFinite', rank, leaves, again: closed.attempt > 0 } };
    });
    if (broken.length > 0 && closed.attempt === 0) return [...notices, ...dealOut(open, 1)];
    deadlines.learn(stores.kindOf(open), nowMs() - dealtMs);
    const { answer: value, effects } = stores.finish(open, closed, {
      workerCount: new Set(closed.parts.map(({ worker }) => worker)).size,
      dealtMs,
      scalarsMs,
      nowMs,
    });
    respond(value);
    return [...notices, ...effects];
  }

  function onReady(peer: PeerId, message: Extract<WorkerMessage, { type: 'ready' }>): Effect[] {
    const { admitted, effects } = members.admit(peer, message);
    if (!admitted) return effects;
    if (request?.kind === 'model') respond(modelAnswer());
    if (request?.kind === 'sum' || request?.kind === 'step') {
      if (task === null) effects.push(...dealOut(request, 0));
      else effects.push(...adopt(task.parts.filter(({ worker }) => worker === null).map(({ node }) => node)));
    }
    return effects;
  }

  function modelAnswer(): Answer {
    const first = members.ready()[0]!;
    return { kind: 'model', model: members.model!, backend: first.fingerprint.backend };
  }

  function onLost(peer: PeerId, reason: string): Effect[] {
    const member = members.remove(peer);
    stores.detach(peer);
    if (member === undefined) return [];
    const effects: Effect[] = [{ type: 'notice', notice: { kind: 'lost', rank: member.rank, peer, reason } }];
    if (task === null) return effects;
    const owed = task.parts.filter(
      ({ worker, result, node }) => worker === peer && (result === null || stores.owes(node)),
    );
    for (const part of owed) part.worker = null;
    if (owed.length === 0) return effects;
    const microBatches = owed.reduce((sum, { node }) => sum + node.end - node.first, 0);
    effects.push({ type: 'notice', notice: { kind: 'reassigned', rank: member.rank, microBatches } });
    return [...effects, ...adopt(owed.map(({ node }) => node))];
  }

  /** Gives nodes without a worker to the ready workers, those with the least to do first. */
  function adopt(nodes: readonly TreeNode[]): Effect[] {
    assert(task !== null && (request?.kind === 'sum' || request?.kind === 'step'));
    const { parts } = task;
    const touched = new Set<PeerId>();
    const effects: Effect[] = [];
    const load = (peer: PeerId): number =>
      parts
        .filter(({ worker, result }) => worker === peer && result === null)
        .reduce((n, { node }) => n + node.end - node.first, 0);
    for (const node of nodes) {
      const heir = members.ready().sort((a, b) => load(a.peer) - load(b.peer))[0];
      if (heir === undefined) break; // whoever joins next adopts them
      partOf(task, node)!.worker = heir.peer;
      touched.add(heir.peer);
      effects.push(...stores.reassign(node, heir.peer));
    }
    const open = request;
    return [...[...touched].flatMap((peer) => sendTask(open, peer)), ...effects];
  }

  function onTick(): Effect[] {
    if (request?.kind !== 'sum' && request?.kind !== 'step') return [];
    if (task === null) return dealOut(request, 0);
    const kind = stores.kindOf(request);
    const allowedMs = deadlines.of(kind);
    if (nowMs() - dealtMs <= allowedMs) return [];
    dealtMs = nowMs(); // the heirs have the same time again
    const late = awaitedPeers(task).map((peer) => members.get(peer)!);
    return late.flatMap(({ peer, rank, host }): Effect[] => {
      const reason = `rank ${rank} on ${host} did not finish ${kind} within ${Math.round(allowedMs / 1000)} s`;
      return [
        { type: 'send', peer, message: { type: 'evict', reason } },
        { type: 'drop', peer, reason },
      ];
    });
  }

  const awaitedPeers = (open: OpenTask): PeerId[] => {
    const owing = open.parts.filter(({ result, node }) => result === null || stores.owes(node));
    return [...new Set(owing.map(({ worker }) => worker).filter((worker) => worker !== null))];
  };

  return {
    members,
    expect,

    request(next) {
      assert(request === null && answer === null, 'one request at a time');
      request = next;
      switch (next.kind) {
        case 'model':
          if (members.ready().length > 0) respond(modelAnswer());
          giveUpIfInterrupted();
          return [];
        case 'sum':
        case 'step': {
          const effects = dealOut(next, 0);
          giveUpIfInterrupted();
          return effects;
        }
        case 'publish':
        case 'load':
        case 'read': {
          const { answer: value, effects } = stores.perform(next, members.model);
          respond(value);
          return effects;
        }
        default:
          return next satisfies never;
      }
    },

    handle(event) {
      switch (event.type) {
        case 'lost': {
          const effects = onLost(event.peer, event.reason);
          giveUpIfInterrupted();
          return effects;
        }
        case 'tick':
          return onTick();
        case 'interrupt':
          interrupted = true;
          giveUpIfInterrupted();
          return [];
        case 'frame':
          return onFrame(event.frame);
        case 'message':
          return onMessage(event.peer, event.message);
        default:
          return event satisfies never;
      }
    },

    takeAnswer() {
      const taken = answer;
      answer = null;
      return taken;
    },

    awaited() {
      if (task === null) return null;
      return { members: awaitedPeers(task).map((peer) => members.get(peer)!), sinceMs: dealtMs };
    },
  };

  function onMessage(peer: PeerId, message: WorkerMessage): Effect[] {
    switch (message.type) {
      case 'hello':
        return members.hello(peer, message);
      case 'ready':
        return onReady(peer, message);
      case 'received':
        return stores.received(peer, message.array, message.chunk);
      case 'node':
        return onNode(peer, message);
      case 'progress':
        return [];
      case 'failed':
        return [{ type: 'drop', peer, reason: message.reason }];
      default:
        return message satisfies never;
    }
  }
}

const notice = (kind: 'stale' | 'duplicate', peer: PeerId): Effect => ({
  type: 'notice',
  notice: { kind, peer },
});
