/**
 * A worker as a pure machine: it keeps a copy of the arrays, computes the nodes that it is dealt, and sends
 * the chunks that it has credit for. No socket, device or clock: the shell feeds events and carries out effects.
 *
 *   connecting --connected/hello--> greeting --welcome/build--> building --built/ready--> working --finish--> gone
 *        ^------------------------------ lost (nothing is resumed in the middle) -----------------'
 *
 * A task replaces the one before it. The same task sent again adds nodes: somebody else's, who was lost.
 */
import { ProtocolError } from '../shared/errors.ts';
import { chunkAt, chunkLength } from '../shared/math/layout.ts';
import { nodeKey, type TreeNode } from '../shared/math/tree.ts';
import type { ExpectedValues, FrameHeader } from '../shared/protocol/frame.ts';
import type { ArrayKind, CoordinatorMessage, DataFrame, WorkerMessage } from '../shared/protocol/messages.ts';
import type { TaskMessage, Welcome, WorkerEffect, WorkerEvent } from './events.ts';
import type { NodeResult } from './node.ts';

type ArrayFrame = Extract<DataFrame, { type: 'array' }>;
type Values = Float32Array | Float64Array;

export interface Worker {
  /** What a frame must hold, asked before its payload is looked at. @throws ProtocolError (`unasked`) */
  expect(header: FrameHeader): ExpectedValues;
  handle(event: WorkerEvent): WorkerEffect[];
  /** Whether the task is still the one that counts: a computation checks between micro-batches. */
  isCurrent(task: TaskMessage): boolean;
  readonly rank: number | null;
}

interface Incoming {
  readonly version: number;
  readonly values: Values;
  readonly here: Uint8Array; // of each chunk
  remaining: number;
}

interface NodeState {
  readonly node: TreeNode;
  begun: boolean;
  result: NodeResult | null;
  credit: number[]; // chunks to send as soon as there is a result
}

export function createWorker(hello: Extract<WorkerMessage, { type: 'hello' }>): Worker {
  let welcome: Welcome | null = null; // this and the next two survive a lost connection
  let building = false;
  let built: Extract<WorkerMessage, { type: 'ready' }> | null = null;
  let greeted = false; // on this connection
  let task: TaskMessage | null = null;
  let told = new WeakSet<TaskMessage>(); // the messages that told of this task, on this connection
  let nodes = new Map<string, NodeState>();
  const incoming = new Map<ArrayKind, Incoming>();
  let spare: Float32Array | null = null;
  const versions = new Map<ArrayKind, number>(); // of whole arrays

  function onMessage(message: CoordinatorMessage): WorkerEffect[] {
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
        announce(message);
        return [];
      case 'task':
        return onTask(message);
      case 'credit':
        return onCredit(message);
      default:
        return message satisfies never;
    }
  }

  function onWelcome(message: Welcome): WorkerEffect[] {
    const known = welcome !== null && sameRun(welcome, message);
    welcome = message;
    greeted = true;
    if (known && built !== null) return [{ type: 'send', message: built }];
    if (known && building) return [];
    [built, building] = [null, true];
    return [{ type: 'build', welcome: message }];
  }

  function onBuilt(event: Extract<WorkerEvent, { type: 'built' }>): WorkerEffect[] {
    if (welcome === null || !sameRun(welcome, event.welcome)) return []; // another run's is being built
    [built, building] = [event.ready, false];
    return greeted ? [{ type: 'send', message: built }] : [];
  }

  function announce({ array, version, length }: Extract<CoordinatorMessage, { type: 'array' }>): void {
    if (incoming.get(array)?.version === version) return; // several reducers announce the same
    const wide = array === 'covariance';
    const values = wide ? new Float64Array(length) : takeSpare(length);
    const chunks = Math.ceil(length / valuesPerChunk(values));
    incoming.set(array, { version, values, here: new Uint8Array(chunks), remaining: chunks });
  }

  /** Room for float32: an array that was copied to the device, since fresh memory costs more than the copy. */
  function takeSpare(length: number): Float32Array {
    const found = spare?.length === length ? spare : new Float32Array(length);
    if (found === spare) spare = null;
    return found;
  }

  function onArrayFrame({ array, version, chunk, values }: ArrayFrame): WorkerEffect[] {
    const effects: WorkerEffect[] = [{ type: 'send', message: { type: 'received', array, version, chunk } }];
    const target = incoming.get(array);
    if (target === undefined || target.version !== version || target.here[chunk] === 1) return effects; // an older one
    target.values.set(values, chunkAt(target.values.length, chunk, valuesPerChunk(target.values)).offset);
    target.here[chunk] = 1;
    target.remaining -= 1;
    if (target.remaining > 0) return effects;
    versions.set(array, version);
    return [...effects, { type: 'install', array, values: target.values }, ...begin()];
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
    return begin();
  }

  /** Starts whatever has not begun, once all the arrays that the task needs are here. */
  function begin(): WorkerEffect[] {
    if (task === null) return [];
    const missing = Object.entries(task.needs).some(
      ([array, version]) => versions.get(array as ArrayKind) !== version,
    );
    if (missing) return [];
    const effects: WorkerEffect[] = [];
    for (const state of nodes.values()) {
      if (state.begun) continue;
      state.begun = true;
      effects.push({ type: 'compute', task, node: state.node });
    }
    return effects;
  }

  function onCredit(message: Extract<CoordinatorMessage, { type: 'credit' }>): WorkerEffect[] {
    if (task === null || message.task !== task.task || message.attempt !== task.attempt) return []; // an older one
    const state = nodes.get(nodeKey(message));
    if (state === undefined)
      throw new ProtocolError('unasked', `credit for node ${nodeKey(message)}, which was not dealt`);
    state.credit.push(...message.chunks);
    return sendCredited(task, state);
  }

  function onComputed(from: TaskMessage, node: TreeNode, result: NodeResult): WorkerEffect[] {
    const state = nodes.get(nodeKey(node));
    if (task === null || !told.has(from) || state === undefined) return [];
    state.result = result;
    const { sampleCount, terms, squares, nonFinite, computeMs } = result;
    const message: WorkerMessage = {
      type: 'node',
      task: task.task,
      attempt: task.attempt,
      first: node.first,
      end: node.end,
      sampleCount,
      terms: { ...terms },
      squares,
      nonFinite: nonFinite.slice(0, maxNamedLeaves),
      computeMs,
    };
    return [{ type: 'send', message }, ...sendCredited(task, state)];
  }

  function sendCredited({ task: id, attempt }: TaskMessage, state: NodeState): WorkerEffect[] {
    const { result, node, credit } = state;
    if (result === null) return [];
    state.credit = [];
    return credit.map((chunk): WorkerEffect => {
      const { offset, length } = chunkAt(result.values.length, chunk, valuesPerChunk(result.values));
      const values = result.values.subarray(offset, offset + length);
      return {
        type: 'sendFrame',
        frame: { type: 'sum', task: id, attempt, first: node.first, end: node.end, chunk, values },
      };
    });
  }

  return {
    expect(header) {
      if (header.type !== 'array') throw new ProtocolError('unasked', 'sent a sum to a worker');
      const target = incoming.get(header.array);
      if (target?.version !== header.version) return header; // an older one: acknowledged, and dropped
      const count = Math.ceil(target.values.length / valuesPerChunk(target.values));
      if (header.chunk >= count)
        throw new ProtocolError('bounds', `sent chunk ${header.chunk} of ${count} of ${header.array}`);
      const dtype = target.values instanceof Float64Array ? 'float64' : 'float32';
      return {
        dtype,
        count: chunkAt(target.values.length, header.chunk, valuesPerChunk(target.values)).length,
      };
    },

    get rank() {
      return welcome?.rank ?? null;
    },

    isCurrent: (asked) => told.has(asked),

    handle(event) {
      switch (event.type) {
        case 'connected':
          return [{ type: 'send', message: hello }];
        case 'lost':
          [task, greeted] = [null, false];
          [nodes, told] = [new Map(), new WeakSet()];
          incoming.clear();
          versions.clear();
          return [];
        case 'message':
          return onMessage(event.message);
        case 'frame':
          if (event.frame.type !== 'array') throw new ProtocolError('unasked', 'a sum was sent to a worker');
          return onArrayFrame(event.frame);
        case 'built':
          return onBuilt(event);
        case 'installed':
          if (event.values instanceof Float32Array) spare = event.values;
          return [];
        case 'computed':
          return onComputed(event.task, event.node, event.result);
        default:
          return event satisfies never;
      }
    },
  };
}

const maxNamedLeaves = 1024; // of those that are not finite: what a message may hold

const valuesPerChunk = (values: Values): number => (chunkLength * 4) / values.BYTES_PER_ELEMENT;

const sameRun = (a: Welcome, b: Welcome): boolean =>
  JSON.stringify({ ...a, rank: 0 }) === JSON.stringify({ ...b, rank: 0 });
