/**
 * A worker as a pure machine: it keeps a copy of the arrays, computes the nodes that it is dealt, and sends
 * the chunks that it has credit for. No socket, device or clock: the shell feeds events and carries out effects.
 *
 *   connecting --connected/hello--> greeting --welcome/build--> building --built/ready--> working --finish--> gone
 *        ^------------------------------ lost (nothing is resumed in the middle) -----------------'
 *
 * A task replaces the one before it. The same task sent again adds nodes: somebody else's, who was lost.
 *
 * Where reducers have processes of their own, the worker joins them all before it is ready. Link 0 is the
 * coordinator's, link i the i-th reducer's: whoever asks is answered. Between links there is no order, so that
 * credit for a task may come before the task. A loss of one is a loss of all.
 */
import { ProtocolError } from '../shared/errors.ts';
import { chunkAt } from '../shared/math/layout.ts';
import { nodeKey, type TreeNode } from '../shared/math/tree.ts';
import type { ExpectedValues, FrameHeader } from '../shared/protocol/frame.ts';
import type { CoordinatorMessage, DataFrame, WorkerMessage } from '../shared/protocol/messages.ts';
import { createArrays, valuesPerChunk } from './arrays.ts';
import { sameRun, type TaskMessage, type Welcome, type WorkerEffect, type WorkerEvent } from './events.ts';
import { nodeMessage } from './node-message.ts';
import type { NodeResult } from './node.ts';
import { createSentRows, type SentRows } from './sent-rows.ts';

type ArrayFrame = Extract<DataFrame, { type: 'array' }>;
type Credit = Extract<CoordinatorMessage, { type: 'credit' }>;

export interface Worker {
  /** What a frame must hold, asked before its payload is looked at. @throws ProtocolError (`unasked`) */
  expect(header: FrameHeader): ExpectedValues;
  handle(event: WorkerEvent): WorkerEffect[];
  /** Whether the task is still the one that counts: a computation checks between micro-batches. */
  isCurrent(task: TaskMessage): boolean;
  readonly rows: Pick<SentRows, 'knows' | 'find'>; // that were asked for, and those that are here
  readonly rank: number | null;
}

type TaskName = Pick<TaskMessage, 'task' | 'attempt'>;

interface NodeState {
  readonly node: TreeNode;
  begun: boolean;
  result: NodeResult | null;
  credit: { readonly link: number; readonly chunk: number }[]; // to send as soon as there is a result
}

export function createWorker(hello: Extract<WorkerMessage, { type: 'hello' }>): Worker {
  let welcome: Welcome | null = null; // this and the next two survive a lost connection
  let building = false;
  let built: Extract<WorkerMessage, { type: 'ready' }> | null = null;
  let greeted = false; // on this connection
  let task: TaskMessage | null = null;
  let told = new WeakSet<TaskMessage>(); // the messages that told of this task, on this connection
  let nodes = new Map<string, NodeState>();
  let joined = new Set<number>(); // links of reducers that know this worker
  let early: { readonly link: number; readonly message: Credit }[] = []; // for nodes that are still to be dealt
  const arrays = createArrays();
  const rows = createSentRows();

  function onMessage(link: number, message: CoordinatorMessage): WorkerEffect[] {
    switch (message.type) {
      case 'welcome':
        return onWelcome(message);
      case 'refuse':
        return [{ type: 'exit', code: message.exitCode, reason: `refused: ${message.reason}` }];
      case 'evict':
        return [{ type: 'exit', code: 75, reason: `evicted: ${message.reason}` }];
      case 'finish':
        return [{ type: 'exit', code: 0, reason: 'the run is over' }];
      case 'ping':
        return [];
      case 'array':
        arrays.announce(message);
        return [];
      case 'joined':
        return onJoined(link);
      case 'task':
        return onTask(message);
      case 'credit':
        return onCredit(link, message);
      default:
        return message satisfies never;
    }
  }

  function onWelcome(message: Welcome): WorkerEffect[] {
    const known = welcome !== null && sameRun(welcome, message);
    welcome = message;
    greeted = true;
    const reducers = message.reducers?.endpoints ?? [];
    const effects: WorkerEffect[] = reducers.length === 0 ? [] : [{ type: 'connect', endpoints: reducers }];
    if (!known) rows.forget();
    effects.push(...rows.welcomed());
    if (known && built !== null) return [...effects, ...readyIfAllIsThere()];
    if (known && building) return effects;
    [built, building] = [null, true];
    return [...effects, { type: 'build', welcome: message }];
  }

  function onJoined(link: number): WorkerEffect[] {
    if (joined.has(link)) throw new ProtocolError('unasked', 'let this worker join twice');
    joined.add(link);
    return readyIfAllIsThere();
  }

  /** Whatever comes last of welcome, model and reducers. */
  function readyIfAllIsThere(): WorkerEffect[] {
    const isWhole = greeted && built !== null && joined.size === (welcome?.reducers?.endpoints.length ?? 0);
    return isWhole ? [{ type: 'send', to: 0, message: built! }] : [];
  }

  /** Tells a reducer how the coordinator calls this worker. */
  function join(link: number): WorkerEffect[] {
    const worker = welcome?.reducers?.worker;
    return worker === undefined ? [] : [{ type: 'send', to: link, message: { type: 'join', worker } }];
  }

  function onBuilt(event: Extract<WorkerEvent, { type: 'built' }>): WorkerEffect[] {
    if (welcome === null || !sameRun(welcome, event.welcome)) return []; // another run's is being built
    [built, building] = [event.ready, false];
    rows.built(event.plan);
    return readyIfAllIsThere();
  }

  function onArrayFrame(link: number, frame: ArrayFrame): WorkerEffect[] {
    const { array, version, chunk } = frame;
    const effects: WorkerEffect[] = [
      { type: 'send', to: link, message: { type: 'received', array, version, chunk } },
    ];
    if (array === 'rows') return [...effects, ...rows.arrived(version, chunk, frame.values as Uint8Array)];
    const values = arrays.take(frame);
    return values === null ? effects : [...effects, { type: 'install', array, values }, ...begin()];
  }

  function onTask(message: TaskMessage): WorkerEffect[] {
    const same = task !== null && task.task === message.task && task.attempt === message.attempt;
    if (!same) [nodes, told] = [new Map(), new WeakSet()];
    task = message;
    told.add(message);
    for (const node of message.nodes) {
      const key = nodeKey(node);
      if (!nodes.has(key)) nodes.set(key, { node, begun: false, result: null, credit: [] });
    }
    const dealt = [...nodes.values()].map((state) => state.node);
    const asked = rows.task(message, dealt, !same);
    const credits = early.filter(({ message: credit }) => !isOlder(credit, message));
    early = [];
    return [...asked, ...begin(), ...credits.flatMap((credit) => onCredit(credit.link, credit.message))];
  }

  /** Starts whatever has not begun, once all the arrays that the task needs are here. */
  function begin(): WorkerEffect[] {
    if (task === null || !arrays.have(task.needs)) return [];
    const effects: WorkerEffect[] = [];
    for (const state of nodes.values()) {
      if (state.begun) continue;
      state.begun = true;
      effects.push({ type: 'compute', task, node: state.node });
    }
    return effects;
  }

  function onCredit(link: number, message: Credit): WorkerEffect[] {
    if (task !== null && isOlder(message, task)) return [];
    const isOpen = task !== null && !isOlder(task, message);
    const state = isOpen ? nodes.get(nodeKey(message)) : undefined;
    if (state !== undefined) {
      state.credit.push(...message.chunks.map((chunk) => ({ link, chunk })));
      return sendCredited(task!, state);
    }
    if (isOpen && link === 0)
      throw new ProtocolError('unasked', `credit for node ${nodeKey(message)}, which was not dealt`);
    early.push({ link, message });
    return [];
  }

  function onComputed(from: TaskMessage, node: TreeNode, result: NodeResult): WorkerEffect[] {
    const state = nodes.get(nodeKey(node));
    if (task === null || !told.has(from) || state === undefined) return [];
    state.result = result;
    const message = nodeMessage(task, node, result);
    return [{ type: 'send', to: 0, message }, ...sendCredited(task, state)];
  }

  function sendCredited({ task: id, attempt }: TaskMessage, state: NodeState): WorkerEffect[] {
    const { result, node, credit } = state;
    if (result === null) return [];
    state.credit = [];
    return credit.map(({ link, chunk }): WorkerEffect => {
      const { offset, length } = chunkAt(result.values.length, chunk, valuesPerChunk(result.values));
      const values = result.values.subarray(offset, offset + length);
      return {
        type: 'sendFrame',
        to: link,
        frame: { type: 'sum', task: id, attempt, first: node.first, end: node.end, chunk, values },
      };
    });
  }

  return {
    expect(header) {
      if (header.type !== 'array') throw new ProtocolError('unasked', 'sent a sum to a worker');
      return header.array === 'rows' ? (rows.expect(header) ?? header) : arrays.expect(header);
    },

    get rank() {
      return welcome?.rank ?? null;
    },

    isCurrent: (asked) => told.has(asked),
    rows,

    handle(event) {
      switch (event.type) {
        case 'connected':
          return event.link === 0 ? [{ type: 'send', to: 0, message: hello }] : join(event.link);
        case 'lost':
          [task, greeted] = [null, false];
          [nodes, told] = [new Map(), new WeakSet()];
          [joined, early] = [new Set(), []];
          arrays.clear();
          rows.lost();
          return [];
        case 'message':
          return onMessage(event.link, event.message);
        case 'frame':
          if (event.frame.type !== 'array') throw new ProtocolError('unasked', 'a sum was sent to a worker');
          return onArrayFrame(event.link, event.frame);
        case 'built':
          return onBuilt(event);
        case 'wanted':
          return rows.want(event.rows);
        case 'taken':
          return rows.taken(event.key);
        case 'installed':
          arrays.recycle(event.values);
          return [];
        case 'computed':
          return onComputed(event.task, event.node, event.result);
        default:
          return event satisfies never;
      }
    },
  };
}

/** Whether a comes before b: tasks and attempts are counted up. */
const isOlder = (a: TaskName, b: TaskName): boolean =>
  a.task < b.task || (a.task === b.task && a.attempt < b.attempt);
