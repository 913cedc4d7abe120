/**
 * Which reducers a run has: those in processes of their own that come in time, or none, and then the coordinator
 * reduces by itself.
 *
 * Workers are told whom to join when they are welcomed, so that they wait at the door until it is known. From then
 * on each of these reducers holds a part of the parameters that nobody else has: a loss ends the run, which its
 * supervisor begins again from the last checkpoint.
 *
 *   expected --reducer, listening--> here           expected --absent, or too late--> the run goes on without it
 */
import { exitCodes, LockstepError, ProtocolError } from '../../shared/errors.ts';
import { protocolVersion, type WorkerMessage } from '../../shared/protocol/messages.ts';
import type { ReducerMessage } from '../../shared/protocol/reducer-messages.ts';
import type { PeerId } from '../../shared/transport/transport.ts';
import type { Effect } from '../effects.ts';

type Hello = Extract<WorkerMessage, { type: 'hello' }>;

export interface GatheringOptions {
  readonly expected: number; // reducers in processes of their own; 0: the coordinator reduces by itself
  readonly version: string; // of the package
  /** Welcomes a worker, or refuses it. */
  readonly welcome: (peer: PeerId, hello: Hello, endpoints: readonly string[]) => Effect[];
}

export interface Gathering {
  /** Those whose part of the parameters counts. */
  readonly peers: readonly PeerId[];
  /** A worker at the door. */
  hello(peer: PeerId, message: Hello): Effect[];
  /** What a reducer says of itself; null where it speaks of its work. @throws ProtocolError (`unasked`) */
  hear(peer: PeerId, message: ReducerMessage): Effect[] | null;
  /** One that was expected will not come. */
  absent(reason: string): Effect[];
  /** Somebody is gone. @throws LockstepError (75) when the run is lost with it */
  lose(peer: PeerId, reason: string): void;
  /** Time passes: those who are late are not waited for. @param nowMs monotonic */
  tick(nowMs: number): Effect[];
}

/** Starts so many reducers in processes of their own, and tells the coordinator of one that will not come. */
export type StartReducers = (
  count: number,
  coordinator: { readonly endpoint: string; reducerAbsent(reason: string): void },
  runDir: string,
) => void;

interface Comer {
  readonly host: string;
  readonly pid: number;
  endpoint: string | null; // null: not yet listening
}

const patienceMs = 30_000;

/** How many of a run's reducers have processes of their own: one alone is inside the coordinator. */
export const outerReducers = (reducers: number): number => (reducers < 2 ? 0 : reducers);

export function createGathering({ expected, version, welcome }: GatheringOptions): Gathering {
  const comers = new Map<PeerId, Comer>();
  const waiting = new Map<PeerId, Hello>(); // workers at the door
  const missing: string[] = []; // why, of each that will not come
  let sinceMs: number | null = null;
  let isOver = expected === 0;

  const here = (): [PeerId, Comer][] => [...comers].filter(([, { endpoint }]) => endpoint !== null);
  const endpoints = (): string[] => here().map(([, { endpoint }]) => endpoint!);

  function openDoorIfSettled(): Effect[] {
    if (isOver || here().length + missing.length < expected) return [];
    isOver = true;
    const effects = [...waiting].flatMap(([peer, message]) => welcome(peer, message, endpoints()));
    waiting.clear();
    if (here().length === expected) return effects;
    const reason = [...new Set(missing)].join('; ');
    const notice = { kind: 'fewReducers', expected, here: here().length, reason } as const;
    return [{ type: 'notice', notice }, ...effects];
  }

  const refuse = (peer: PeerId, reason: string): Effect[] => [
    { type: 'send', peer, message: { type: 'refuse', reason, exitCode: exitCodes.configuration } },
  ];

  function greet(
    peer: PeerId,
    { protocol, version: theirs, host, pid }: Extract<ReducerMessage, { type: 'reducer' }>,
  ): Effect[] {
    if (comers.has(peer)) throw new ProtocolError('unasked', 'said twice that it is a reducer');
    if (isOver) return refuse(peer, 'the run has begun without it');
    if (protocol !== protocolVersion || theirs !== version)
      return refuse(peer, `it runs lockstep ${theirs}, the coordinator ${version}: install the same version`);
    comers.set(peer, { host, pid, endpoint: null });
    return [{ type: 'send', peer, message: { type: 'accept' } }];
  }

  function listening(peer: PeerId, endpoint: string): Effect[] {
    const comer = comers.get(peer);
    if (comer === undefined || comer.endpoint !== null)
      throw new ProtocolError('unasked', 'listens for a coordinator that did not ask');
    if (isOver) return refuse(peer, 'the run has begun without it');
    comer.endpoint = endpoint;
    return openDoorIfSettled();
  }

  return {
    get peers() {
      return here().map(([peer]) => peer);
    },

    hello(peer, message) {
      if (isOver) return welcome(peer, message, endpoints());
      if (waiting.has(peer)) throw new ProtocolError('unasked', 'said hello twice');
      waiting.set(peer, message);
      return [];
    },

    hear(peer, message) {
      if (message.type === 'reducer') return greet(peer, message);
      return message.type === 'listening' ? listening(peer, message.endpoint) : null;
    },

    absent(reason) {
      if (!isOver) missing.push(reason);
      return openDoorIfSettled();
    },

    lose(peer, reason) {
      waiting.delete(peer);
      const comer = comers.get(peer);
      comers.delete(peer);
      if (!isOver || comer === undefined || comer.endpoint === null) return;
      throw new LockstepError(
        `the reducer on ${comer.host} (process ${comer.pid}) is lost (${reason}), and its part of the parameters ` +
          'with it: go on from the last checkpoint',
        exitCodes.peerLost,
      );
    },

    tick(nowMs) {
      if (isOver) return [];
      sinceMs ??= nowMs;
      if (nowMs - sinceMs < patienceMs) return [];
      const count = expected - here().length - missing.length;
      for (let late = 0; late < count; late++) missing.push(`not here within ${patienceMs / 1000} s`);
      return openDoorIfSettled();
    },
  };
}
