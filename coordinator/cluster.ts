/**
 * Carries out one request of the training program at a time, on whoever is there.
 *
 * A request becomes a task: the leaves of a summation tree, which dealing.ts deals to the ready workers. A value
 * that is not finite is computed once more, by other workers where there are any.
 *
 *   idle --request--> waiting for workers --deal--> open --all sums complete--> answered
 *                                                    open --not finite, first time--> open (attempt 1)
 *                                                    open --worker lost--> open (its nodes dealt again)
 */
import assert from 'node:assert/strict';
import { ProtocolError } from '../shared/errors.ts';
import type { ExpectedValues, FrameHeader } from '../shared/protocol/frame.ts';
import type { DataFrame, WorkerMessage } from '../shared/protocol/messages.ts';
import { isFromReducer, type ReducerMessage } from '../shared/protocol/reducer-messages.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import { modelAnswer, takeNode } from './answers.ts';
import { createDealing, type DealingOptions } from './dealing.ts';
import type { Deadlines } from './deadlines.ts';
import type { ClusterEvent, Effect } from './effects.ts';
import { createDisputes } from './disputes.ts';
import { createMembers, type DoorOptions, type Members } from './members.ts';
import { createOverdue } from './overdue.ts';
import { createRowDesk } from './row-desk.ts';
import type { ArrayFrame } from './reducers/state-parts.ts';
import { describe, Interrupted, isPlain, type Answer, type Request } from './requests.ts';
import { createStalls } from './stalls.ts';
import type { Stores } from './stores.ts';
import { hasAllScalars, lastNode, nonFiniteNotices, type NodeMessage } from './task.ts';
import { createWatch } from './watch.ts';

export interface ClusterOptions extends Omit<DealingOptions, 'members' | 'watch' | 'checkEvery'> {
  readonly door: DoorOptions;
  readonly stores: Stores;
  readonly deadlines: Deadlines;
  readonly checkEvery?: number; // steps; 100 by default
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
}

export function createCluster(options: ClusterOptions): Cluster {
  const { door, minWorkers, stores, deadlines, checkEvery = 100, nowMs } = options;
  const members = createMembers(door);
  const watch = createWatch(nowMs);
  const dealing = createDealing({ ...options, members, watch, checkEvery });
  const desk = createRowDesk({ ...door.welcome, nowMs });
  const disputes = createDisputes(members);
  const stalls = createStalls(watch, nowMs);
  const tick = createOverdue({ members, dealing, stores, deadlines, stalls, minWorkers, nowMs });
  let request: Request | null = null;
  let answer: Answer | null = null;
  let interrupted = false;
  let last = { scalarsMs: 0, computeMs: 0 }; // of the last node that was computed

  const respond = (value: Answer): void => {
    stalls.flowing();
    disputes.forget();
    [answer, request] = [value, null];
    dealing.end();
  };

  /**
   * Gives the open request up, now or as soon as nobody works on it any more. A step that somebody works on is let
   * finish: it is short, and then whole.
   */
  function giveUpIfInterrupted(): void {
    if (!interrupted || request === null || isPlain(request)) return; // the plain ones are short, and never waited for
    if (request.kind === 'step' && dealing.awaited().length > 0) return;
    stores.abandon();
    respond({ kind: 'failed', error: new Interrupted() });
  }

  function onNode(peer: PeerId, message: NodeMessage): Effect[] {
    const { task } = dealing;
    const { part, effects } = takeNode(dealing, stores, peer, message);
    if (part === null) return effects;
    effects.push(...disputes.decide(message));
    const dispute = disputes.open === null ? disputes.contradiction(part, peer) : null;
    if (dispute !== null) {
      assert(request?.kind === 'sum' || request?.kind === 'step');
      effects.push(...disputes.begin(dispute, describe(request)));
      return [...effects, ...dealing.begin(request, task!.attempt + 1, dispute)];
    }
    if (hasAllScalars(task!) && (part.answers.size === 1 || part.isCheck))
      last = lastNode(task!, peer, nowMs());
    return [...effects, ...finishIfComplete()];
  }

  function onFrame(peer: PeerId, frame: DataFrame): Effect[] {
    expect(frame);
    if (frame.type === 'array')
      return [...stores.takeState(peer, frame as ArrayFrame), ...finishIfComplete()];
    watch.heard(members.admitted(peer), 'sending values');
    return [...stores.take(frame), ...finishIfComplete()];
  }

  function expect(header: FrameHeader | DataFrame): ExpectedValues {
    const { task } = dealing;
    if (header.type === 'array') return stores.expectState(header);
    if (task === null || header.task !== task.id || header.attempt !== task.attempt) {
      throw new ProtocolError('stale', `sent a chunk of task ${header.task}, which is not open`);
    }
    return stores.expect(header);
  }

  function finishIfComplete(): Effect[] {
    if (request !== null && isPlain(request)) {
      if (stores.settled) respond({ kind: 'done' });
      return [];
    }
    const { task, dealtMs } = dealing;
    if (task === null || !hasAllScalars(task) || !stores.complete) return [];
    assert(request?.kind === 'sum' || request?.kind === 'step');
    const notices = nonFiniteNotices(task, (peer) => members.get(peer)?.rank ?? -1);
    if (task.attempt === 0 && !stores.isFinite(request, task))
      return [...notices, ...dealing.begin(request, 1)];
    deadlines.learn(stores.kindOf(request), nowMs() - dealtMs);
    dealing.learn();
    const workerCount = new Set(task.parts.map(({ worker }) => worker)).size;
    const { answer: value, effects } = stores.finish(request, task, { workerCount, dealtMs, ...last, nowMs });
    respond(value);
    return [...notices, ...effects];
  }

  function onReady(peer: PeerId, message: Extract<WorkerMessage, { type: 'ready' }>): Effect[] {
    const { admitted, effects } = members.admit(peer, message);
    if (!admitted) return effects;
    stalls.joined(members.get(peer)!.rank);
    if (request?.kind === 'model') respond(modelAnswer(members));
    return [...effects, ...dealing.deal()];
  }

  function onLost(peer: PeerId, reason: string): Effect[] {
    const member = members.remove(peer, reason);
    watch.forget(peer);
    const detached = [...stores.detach(peer), ...desk.lose(peer)];
    if (member === undefined) return detached;
    stalls.lost(member, `lost: ${reason}`);
    const { rank } = member;
    const said: Effect[] = [{ type: 'notice', notice: { kind: 'lost', rank, peer, reason } }];
    const { microBatches, effects } = dealing.lose(peer);
    if (microBatches > 0) said.push({ type: 'notice', notice: { kind: 'reassigned', rank, microBatches } });
    return [...detached, ...said, ...effects, ...finishIfComplete()];
  }

  return {
    members,
    expect,

    request(next) {
      assert(request === null && answer === null, 'one request at a time');
      request = next;
      if (isPlain(next)) {
        const effects = stores.perform(next, members.model, members.reducers.peers);
        return [...effects, ...finishIfComplete()];
      }
      switch (next.kind) {
        case 'model':
          if (members.ready().length > 0) respond(modelAnswer(members));
          giveUpIfInterrupted();
          return [];
        case 'sum':
        case 'step': {
          last = { scalarsMs: nowMs(), computeMs: 0 };
          const effects = dealing.begin(next, 0);
          giveUpIfInterrupted();
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
          return [...desk.tick(), ...tick(request)];
        case 'interrupt':
          interrupted = true;
          giveUpIfInterrupted();
          return [];
        case 'frame':
          return onFrame(event.peer, event.frame);
        case 'absent':
          return members.reducers.absent(event.reason);
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
  };

  function onMessage(peer: PeerId, message: WorkerMessage | ReducerMessage): Effect[] {
    if (isFromReducer(message)) {
      if (message.type === 'broken') return onLost(peer, message.reason);
      return [...(members.reducers.hear(peer, message) ?? stores.hear(peer, message)), ...finishIfComplete()];
    }
    if (message.type !== 'hello' && message.type !== 'ready' && members.get(peer) === undefined)
      throw new ProtocolError('unasked', `said ${message.type} before hello`);
    watch.said(peer, message);
    switch (message.type) {
      case 'hello':
        return members.hello(peer, message);
      case 'ready':
        return onReady(peer, message);
      case 'received':
        if (message.array === 'rows') return desk.received(peer, message.version);
        return stores.received(peer, message.array);
      case 'rows':
        return desk.ask(peer, message);
      case 'node':
        return onNode(peer, message);
      case 'progress':
        return [];
      case 'join':
        throw new ProtocolError('unasked', 'joined the coordinator, which is no reducer');
      case 'failed':
        return [{ type: 'drop', peer, reason: message.reason }];
      default:
        return message satisfies never;
    }
  }
}
