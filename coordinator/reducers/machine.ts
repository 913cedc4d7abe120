/**
 * A reducer in a process of its own, as a pure machine around the one that computes (reducer.ts): commands come
 * from the coordinator, gradients from workers, and to them go credit and parameters.
 *
 *   started --accept/listen--> listening --open--> loading --publish--> working --finish--> ending --all left--> gone
 *
 * A worker joins before it tells the coordinator that it is ready. Whatever the coordinator says of a worker that
 * is no longer here is carried out all the same: it will hear of the loss itself, and give its nodes to others.
 * At the end workers go first: one that lost a reducer before it heard that the run is over would begin again.
 */
import assert from 'node:assert/strict';
import { exitCodes, ProtocolError } from '../../shared/errors.ts';
import type { Kernels } from '../../shared/math/kernels.ts';
import { chunkAt, chunkLength, createLayout, type Layout } from '../../shared/math/layout.ts';
import type { decodeWorkerMessage } from '../../shared/protocol/control.ts';
import type { ExpectedValues, FrameHeader } from '../../shared/protocol/frame.ts';
import type { CoordinatorMessage, DataFrame } from '../../shared/protocol/messages.ts';
import type { ReducerCommand, ReducerMessage } from '../../shared/protocol/reducer-messages.ts';
import type { PeerId } from '../../shared/transport/transport.ts';
import type { Effect } from '../effects.ts';
import { reducerBytes } from '../reducer.ts';
import type { News } from './handle.ts';
import { createInnerReducer, type InnerReducer } from './inner.ts';
import { createArrivals, framesOfState, isStateArray } from './state-parts.ts';

type FromWorker = ReturnType<typeof decodeWorkerMessage>['message'];

export type ReducerEvent =
  | { readonly type: 'command'; readonly command: ReducerCommand }
  | { readonly type: 'state'; readonly frame: DataFrame } // from the coordinator
  | { readonly type: 'bound'; readonly endpoint: string } // what `listen` asked for
  | { readonly type: 'message'; readonly peer: PeerId; readonly message: FromWorker }
  | { readonly type: 'frame'; readonly peer: PeerId; readonly frame: DataFrame } // from a worker
  | { readonly type: 'lost'; readonly peer: PeerId } // a worker
  | { readonly type: 'orphaned'; readonly reason: string }; // the coordinator is gone

export type ReducerEffect =
  | { readonly type: 'tell'; readonly message: ReducerMessage } // the coordinator
  | { readonly type: 'tellFrame'; readonly frame: DataFrame }
  | { readonly type: 'send'; readonly peer: PeerId; readonly message: CoordinatorMessage } // to a worker
  | { readonly type: 'sendFrame'; readonly peer: PeerId; readonly frame: DataFrame }
  | { readonly type: 'listen' } // to workers
  | { readonly type: 'exit'; readonly code: number; readonly reason: string };

export interface ReducerMachine {
  handle(event: ReducerEvent): ReducerEffect[];
  /** What a worker's frame must hold. @throws ProtocolError (`stale`, `duplicate`, `unasked`) */
  expect(header: FrameHeader | DataFrame): ExpectedValues;
  /** What a frame of the coordinator must hold. @throws ProtocolError (`unasked`, `duplicate`) */
  expectState(header: FrameHeader | DataFrame): ExpectedValues;
}

interface Opened {
  readonly layout: Layout;
  readonly reducer: InnerReducer;
}

export function createReducerMachine(createKernels: (bytes: number) => Kernels): ReducerMachine {
  const peers = new Map<string, PeerId>(); // by the name that the coordinator has for them
  const names = new Map<PeerId, string>();
  const loaded = createArrivals();
  let opened: Opened | null = null;
  let sum: { readonly task: number; readonly attempt: number } | null = null;
  let isWhole = false; // the open sum is complete, and was not committed yet
  let news: News[] = [];
  let ending = false;

  function working(): Opened {
    if (opened === null) throw new ProtocolError('unasked', 'spoke of parameters before it opened any');
    return opened;
  }

  /** Effects of the machine inside, on workers that are here; and its news, to the coordinator. */
  function translate(effects: readonly Effect[]): ReducerEffect[] {
    const tidings = news.flatMap(tidingsOf);
    news = [];
    return [...effects.flatMap(onWorker), ...tidings];
  }

  function onWorker(effect: Effect): ReducerEffect[] {
    assert(effect.type === 'send' || effect.type === 'sendFrame', 'a reducer only sends');
    const peer = peers.get(effect.peer);
    if (peer === undefined) return [];
    if (effect.type === 'sendFrame') return [{ ...effect, peer }];
    return [{ type: 'send', peer, message: effect.message as CoordinatorMessage }];
  }

  function tidingsOf(found: News): ReducerEffect[] {
    if (found.type === 'done' || sum === null) return [];
    if (found.type === 'report') isWhole = true;
    const message: ReducerMessage =
      found.type === 'report'
        ? { type: 'report', ...sum, ...found.report }
        : { type: 'delivered', ...sum, ...found.node };
    return [{ type: 'tell', message }];
  }

  function obey(command: ReducerCommand): ReducerEffect[] {
    switch (command.type) {
      case 'accept':
        return [{ type: 'listen' }];
      case 'refuse':
        return [{ type: 'exit', code: command.exitCode, reason: `refused: ${command.reason}` }];
      case 'finish':
        ending = true;
        return leaveIfAlone();
      case 'ping':
        return [];
      case 'open':
        return open(command);
      case 'read':
        return command.chunks.flatMap((chunk) => tellState(chunk, command.version));
      case 'publish':
        return translate(working().reducer.publish(command.version));
      case 'attach':
        return translate(working().reducer.attach(command.worker));
      case 'detach':
        return opened === null ? [] : translate(opened.reducer.detach(command.worker));
      case 'begin': {
        if (command.task <= (sum?.task ?? -1))
          throw new ProtocolError('unasked', `began task ${command.task} after task ${sum?.task}`);
        sum = { task: command.task, attempt: command.attempt };
        isWhole = false;
        const assignments = command.shares.flatMap(({ worker, nodes }) =>
          nodes.map((node) => ({ node, worker })),
        );
        return translate(working().reducer.begin(command, assignments));
      }
      case 'reassign': {
        const { first, end, worker } = command;
        return translate(working().reducer.reassign({ first, end }, worker));
      }
      case 'commit':
        if (!isWhole)
          throw new ProtocolError('unasked', 'committed a step that is not whole, or is committed');
        isWhole = false;
        return translate(working().reducer.commit(command.version, command.scalars));
      default:
        return command satisfies never;
    }
  }

  const leaveIfAlone = (): ReducerEffect[] =>
    ending && names.size === 0 ? [{ type: 'exit', code: exitCodes.ok, reason: 'the run is over' }] : [];

  function open({
    parameters,
    chunks,
    budget,
    window,
  }: Extract<ReducerCommand, { type: 'open' }>): ReducerEffect[] {
    if (opened !== null) throw new ProtocolError('unasked', 'opened its range twice');
    const layout = createLayout(parameters);
    const kernels = createKernels(reducerBytes(layout, chunks, budget));
    const options = { layout, chunks: { first: chunks.first, end: chunks.end }, kernels, budget, window };
    opened = { layout, reducer: createInnerReducer(options, (found) => news.push(found)) };
    return [];
  }

  function tellState(chunk: number, version: number): ReducerEffect[] {
    const { reducer, layout } = working();
    checkOwned(reducer, chunk);
    const frames = framesOfState(reducer.state, chunk, layout.parameterCount, version);
    return frames.map((frame) => ({ type: 'tellFrame', frame }));
  }

  function expectState(header: FrameHeader | DataFrame): ExpectedValues {
    const { reducer, layout } = working();
    if (header.type !== 'array' || !isStateArray(header.array))
      throw new ProtocolError('unasked', 'sent a reducer what is no state');
    checkOwned(reducer, header.chunk);
    if (loaded.has(header.chunk, header.array))
      throw new ProtocolError('duplicate', `sent chunk ${header.chunk} of ${header.array} once more`);
    return { dtype: 'float32', count: chunkAt(layout.parameterCount, header.chunk).length };
  }

  function onState(frame: DataFrame): ReducerEffect[] {
    expectState(frame);
    if (frame.type !== 'array' || !isStateArray(frame.array)) return []; // as expected
    const { state } = working().reducer;
    state[frame.array].set(frame.values as Float32Array, frame.chunk * chunkLength - state.offset);
    if (!loaded.add(frame.chunk, frame.array)) return [];
    return [{ type: 'tell', message: { type: 'stored', chunk: frame.chunk } }];
  }

  function expect(header: FrameHeader | DataFrame): ExpectedValues {
    if (header.type !== 'sum') throw new ProtocolError('unasked', `sent an array of ${header.array}`);
    if (opened === null || header.task !== sum?.task || header.attempt !== sum.attempt)
      throw new ProtocolError('stale', `sent a chunk of task ${header.task}, which is not open`);
    return opened.reducer.expect(header);
  }

  function onMessage(peer: PeerId, message: FromWorker): ReducerEffect[] {
    const name = names.get(peer);
    if (message.type === 'join') {
      if (name !== undefined || peers.has(message.worker)) throw new ProtocolError('unasked', 'joined twice');
      peers.set(message.worker, peer);
      names.set(peer, message.worker);
      return [{ type: 'send', peer, message: { type: 'joined' } }];
    }
    if (name === undefined || message.type !== 'received')
      throw new ProtocolError('unasked', `said ${message.type} to a reducer`);
    return opened === null ? [] : translate(opened.reducer.received(name));
  }

  return {
    expect,
    expectState,
    handle(event) {
      switch (event.type) {
        case 'command':
          return obey(event.command);
        case 'state':
          return onState(event.frame);
        case 'bound':
          return [{ type: 'tell', message: { type: 'listening', endpoint: event.endpoint } }];
        case 'message':
          return onMessage(event.peer, event.message);
        case 'frame': {
          if (!names.has(event.peer)) throw new ProtocolError('unasked', 'sent values before it joined');
          expect(event.frame);
          return translate(working().reducer.take(event.frame as Extract<DataFrame, { type: 'sum' }>));
        }
        case 'lost': {
          peers.delete(names.get(event.peer) ?? '');
          names.delete(event.peer);
          return leaveIfAlone();
        }
        case 'orphaned':
          if (ending) return [];
          return [
            { type: 'exit', code: exitCodes.peerLost, reason: `the coordinator is gone (${event.reason})` },
          ];
        default:
          return event satisfies never;
      }
    },
  };
}

function checkOwned({ chunks }: InnerReducer, chunk: number): void {
  if (chunk >= chunks.first && chunk < chunks.end) return;
  throw new ProtocolError(
    'bounds',
    `spoke of chunk ${chunk} to the owner of ${chunks.first} to ${chunks.end - 1}`,
  );
}
