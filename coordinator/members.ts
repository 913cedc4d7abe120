/**
 * Who takes part: the handshake at the door, and the ranks.
 *
 *   hello -> welcomed -> ready -> lost
 *
 * A worker is refused, with the reason, when its version differs, when its model or data are not the run's, or
 * when its fingerprint differs and the run insists on identical bits. One that is for another run only is dropped,
 * and looks again: its coordinator may be about to come back to an address that this one was given meanwhile.
 * The first ready worker says what the model is: the coordinator holds arrays and knows no model.
 */
import { isDeepStrictEqual } from 'node:util';
import { exitCodes, ProtocolError } from '../shared/errors.ts';
import type { Fingerprint } from '../shared/model/compute.ts';
import type { DataDescription } from '../shared/protocol/data-messages.ts';
import { protocolVersion, type ModelDescription, type WorkerMessage } from '../shared/protocol/messages.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import type { Effect } from './effects.ts';
import { createGathering, type Gathering } from './reducers/gathering.ts';
import { rowNotices } from './row-notices.ts';

export interface Member {
  readonly peer: PeerId;
  readonly rank: number;
  readonly host: string;
  readonly pid: number;
  readonly fingerprint: Fingerprint;
  ready: boolean;
}

export interface DoorOptions {
  readonly version: string; // of the package
  readonly runId: string; // a worker of another run has come to the wrong door
  readonly requireIdentical: boolean;
  readonly reducers: number; // in processes of their own; 0: the coordinator reduces by itself
  readonly batchSize: number;
  /** Of the checkpoint that is resumed; null where the first worker decides. */
  readonly model: ModelDescription | null;
  readonly welcome: {
    readonly configuration: Record<string, unknown>;
    readonly data: DataDescription;
    readonly testData: DataDescription | null;
  };
}

type Hello = Extract<WorkerMessage, { type: 'hello' }>;
type Ready = Extract<WorkerMessage, { type: 'ready' }>;

export interface Members {
  readonly model: ModelDescription | null;
  /** Ready members in the order of their ranks. */
  ready(): Member[];
  /** All who said hello and were not refused. */
  all(): Member[];
  /** Who takes part: ready members, and reducers outside. */
  present(): PeerId[];
  get(peer: PeerId): Member | undefined;
  /** @returns the peer. @throws ProtocolError (`unasked`) unless it is ready: values of others are none */
  admitted(peer: PeerId): PeerId;
  /** Reducers outside, and what happens to them. */
  readonly reducers: Gathering;
  /** @throws ProtocolError (`otherRun`); (`unasked`) the second time, as does `admit` */
  hello(peer: PeerId, message: Hello): Effect[];
  /** @returns whether the worker is now ready, and what to tell it */
  admit(peer: PeerId, message: Ready): { readonly admitted: boolean; readonly effects: Effect[] };
  /** Somebody is gone. @throws LockstepError (75) where it was a reducer that the run cannot do without */
  remove(peer: PeerId, reason: string): Member | undefined;
}

export function createMembers(options: DoorOptions): Members {
  const members = new Map<PeerId, Member>();
  let model = options.model;
  let reference: Fingerprint | null = null;

  const refuse = (peer: PeerId, rank: number | null, reason: string): Effect[] => [
    { type: 'send', peer, message: { type: 'refuse', reason, exitCode: exitCodes.configuration } },
    { type: 'notice', notice: { kind: 'refused', rank, peer, reason } },
  ];

  function freeRank(wanted: number | undefined): number {
    const taken = new Set([...members.values()].map(({ rank }) => rank));
    if (wanted !== undefined && !taken.has(wanted)) return wanted;
    let rank = 0;
    while (taken.has(rank)) rank += 1;
    return rank;
  }

  function welcome(
    peer: PeerId,
    { protocol, version, host, pid, rank: wanted, fingerprint }: Hello,
    endpoints: readonly string[],
  ): Effect[] {
    if (members.has(peer)) throw new ProtocolError('unasked', 'said hello twice');
    if (protocol !== protocolVersion || version !== options.version) {
      const [got, expected] = [
        `lockstep ${version} (protocol ${protocol})`,
        `${options.version} (${protocolVersion})`,
      ];
      return refuse(
        peer,
        null,
        `the worker on ${host} runs ${got}, the coordinator ${expected}: install the same version`,
      );
    }
    const difference = reference === null ? null : describeDifference(reference, fingerprint);
    if (difference !== null && options.requireIdentical) {
      return refuse(
        peer,
        null,
        `the worker on ${host} differs in ${difference}, and --require-identical is set`,
      );
    }
    reference ??= fingerprint;
    const rank = freeRank(wanted);
    members.set(peer, { peer, rank, host, pid, fingerprint, ready: false });
    const outside =
      endpoints.length === 0 ? {} : { reducers: { worker: peer, endpoints: endpoints.slice() } };
    const effects: Effect[] = [
      { type: 'send', peer, message: { type: 'welcome', rank, ...options.welcome, ...outside } },
    ];
    if (difference !== null) {
      const reason = `rank ${rank} differs in ${difference}: bits may depend on who computes what`;
      effects.push({ type: 'notice', notice: { kind: 'mixed', reason } });
    }
    return effects;
  }

  const ready = (): Member[] =>
    [...members.values()].filter((member) => member.ready).sort((a, b) => a.rank - b.rank);
  const { reducers: expected, version } = options;
  const reducers = createGathering({ expected, version, welcome });

  return {
    reducers,
    get model() {
      return model;
    },
    ready,
    all: () => [...members.values()],
    present: () => [...ready().map(({ peer }) => peer), ...reducers.peers],
    get: (peer) => members.get(peer),

    admitted(peer) {
      if (members.get(peer)?.ready === true) return peer;
      throw new ProtocolError('unasked', 'sent values before it was ready');
    },

    hello(peer, message) {
      const { run = options.runId } = message;
      if (run !== options.runId)
        throw new ProtocolError('otherRun', `works for run ${run}, and this is ${options.runId}`);
      return reducers.hello(peer, message);
    },

    admit(peer, message) {
      const member = members.get(peer);
      if (member === undefined)
        return { admitted: false, effects: refuse(peer, null, 'said ready before hello') };
      if (member.ready) throw new ProtocolError('unasked', 'said ready twice');
      const problem = mismatch(message);
      if (problem !== null) {
        members.delete(peer);
        return {
          admitted: false,
          effects: refuse(peer, member.rank, `rank ${member.rank} on ${member.host} ${problem}`),
        };
      }
      model ??= message.model;
      member.ready = true;
      const reason = `${member.host}, ${member.fingerprint.backend} ${member.fingerprint.version}, ${member.fingerprint.device}`;
      const joined: Effect = { type: 'notice', notice: { kind: 'joined', rank: member.rank, peer, reason } };
      const { batchSize, welcome: told } = options;
      const run = { batchSize, data: told.data, model, workerCount: members.size };
      return { admitted: true, effects: [joined, ...rowNotices(member, message.rows, run)] };
    },

    remove(peer, reason) {
      reducers.lose(peer, reason);
      const member = members.get(peer);
      members.delete(peer);
      return member;
    },
  };

  function mismatch(message: Ready): string | null {
    const { data, testData } = options.welcome;
    if (message.dataHash !== data.hash || message.testDataHash !== (testData?.hash ?? null)) {
      return `sees other data (${message.dataHash.slice(0, 12)}, expected ${data.hash.slice(0, 12)}): give it the same files`;
    }
    if (model !== null && !isDeepStrictEqual(message.model, model)) {
      return `has another model (${message.model.name}): start it with the coordinator's configuration and version`;
    }
    return null;
  }
}

function describeDifference(a: Fingerprint, b: Fingerprint): string | null {
  const keys = Object.keys(a) as (keyof Fingerprint)[];
  const unlike = keys.filter((key) => a[key] !== b[key]).map((key) => `${key} (${b[key]}, not ${a[key]})`);
  return unlike.length === 0 ? null : unlike.join(', ');
}
