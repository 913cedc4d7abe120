/**
 * Who computes what of the open request: its leaves are dealt to the ready workers in whole subtrees, by their
 * speeds (speeds.ts), and dealt on where workers are lost.
 *
 *   waiting for workers --enough are ready--> dealt --worker lost--> its nodes go to others, or wait for one
 *                                             dealt --worker late--> its nodes are computed by idle ones, too
 *                                             dealt --others have no room for them--> dealt anew
 *
 * Nothing that arrived is thrown away unless all is dealt anew, since a node's value is the same bits whoever
 * computes it.
 */
import { heldNodes } from '../shared/math/deal.ts';
import type { TreeNode } from '../shared/math/tree.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import type { Dispute } from './disputes.ts';
import { doubledNotices, doubleOnPurpose, findLate } from './duplicates.ts';
import type { Effect } from './effects.ts';
import { createExperience, sharesNotice } from './experience.ts';
import type { Member, Members } from './members.ts';
import { createMuster } from './muster.ts';
import type { Request } from './requests.ts';
import type { Stores } from './stores.ts';
import { assign, leavesIn, openTask, unconfirmed, type OpenTask, type Part } from './task.ts';
import type { Watch } from './watch.ts';

export type TaskRequest = Extract<Request, { kind: 'sum' | 'step' }>;

export interface DealingOptions {
  readonly members: Members;
  readonly stores: Stores;
  readonly watch: Watch;
  readonly minWorkers: number;
  readonly checkEvery: number; // steps: then one node is computed by two workers on purpose
  readonly learns?: boolean; // false: no worker is ever known to be slow, so shares are equal and nobody is helped
  readonly expectedWorkers: number; // the first task waits for them, but not for long
  readonly nowMs: () => number; // monotonic
}

interface Deal {
  readonly request: TaskRequest;
  readonly attempt: number;
  readonly dispute: Dispute | undefined;
}

export interface Dealing {
  /** The open task; null while its request waits for workers. */
  readonly task: OpenTask | null;
  readonly dealtMs: number; // when the task was dealt
  readonly dueSinceMs: number; // when somebody was last told of nodes: what is owed is not overdue before
  /**
   * Opens a task for the request as soon as there are enough workers.
   * @param attempt above 0 when it is made again
   * @param dispute whose node is dealt as it was, and nothing to those who claim it
   */
  begin(request: TaskRequest, attempt: number, dispute?: Dispute): Effect[];
  /** Workers may have come: deals what waits for one. */
  deal(): Effect[];
  /** A worker is gone. @returns how many micro-batches it owed */
  lose(peer: PeerId): { readonly microBatches: number; readonly effects: Effect[] };
  /** Gives what late workers owe to idle ones, too. @param usualMs that such a task takes */
  double(usualMs: number | null): Effect[];
  /** What is still to come of a node comes from another one of those who compute it. */
  prefer(part: Part, peer: PeerId): Effect[];
  /** The task is done: remembers how long each worker took for its part. */
  learn(): void;
  /** Workers that owe something of the open task. */
  awaited(): PeerId[];
  /** Those who are awaited were told that it took too long: their heirs have the same time again. */
  extend(): void;
  end(): void;
}

const peersOf = (members: readonly Member[]): PeerId[] => members.map(({ peer }) => peer);

export function createDealing(options: DealingOptions): Dealing {
  const { members, stores, watch, minWorkers, checkEvery, learns = true, nowMs } = options;
  const experience = createExperience(watch, nowMs);
  const { speeds } = experience;
  const isGathering = createMuster(options.expectedWorkers, nowMs);
  let open: Deal | null = null;
  let task: OpenTask | null = null;
  let shares = new Map<PeerId, number>(); // nodes that a worker was told of first: it made room after them
  let nextTask = 1;
  let [dealtMs, dueSinceMs] = [0, 0];

  /** Deals all leaves over the ready workers, if there are enough of them. */
  function dealAll({ request, attempt, dispute }: Deal): Effect[] {
    const [readyCount, ready] = [members.ready().length, trusted()];
    if (readyCount < Math.max(1, minWorkers) || isGathering(readyCount) || ready.length === 0) return [];
    const { leafCount } = request;
    const peers = peersOf(ready);
    const before = speeds.inUse(peers);
    const speedShares = request.kind === 'step' ? speeds.choose(peers, leafCount) : before;
    const assignments = assign(leafCount, peers, speedShares, attempt, dispute);
    task = openTask(nextTask, attempt, leafCount, assignments);
    nextTask += 1;
    shares = new Map();
    dealtMs = nowMs();
    const isCheck = request.kind === 'step' && request.step > 0 && request.step % checkEvery === 0;
    if (isCheck && attempt === 0) doubleOnPurpose(task, ready);
    const workers = ready.filter(({ peer }) => nodesOf(peer).length > 0).map(({ peer }) => peer);
    return [
      ...(speedShares === before ? [] : [sharesNotice(task, ready)]),
      ...workers.flatMap((worker) => sendTask(request, worker)),
      ...stores.begin(request, task.id, attempt, assignments),
    ];
  }

  /** Who is given work: not those who contradict each other. */
  const trusted = (): Member[] => {
    const suspects = open?.dispute?.claims.map(({ by }) => by.peer) ?? [];
    return members.ready().filter(({ peer }) => !suspects.includes(peer));
  };

  const partsOf = (peer: PeerId): Part[] => task!.parts.filter(({ worker }) => worker === peer);

  const nodesOf = (peer: PeerId): TreeNode[] =>
    task!.parts.filter(({ worker, others }) => worker === peer || others.has(peer)).map(({ node }) => node);

  /** Tells a worker its nodes of the open task, and begins to send it what it needs for them. */
  function sendTask(request: TaskRequest, peer: PeerId): Effect[] {
    const { id, attempt, leafCount } = task!;
    const nodes = nodesOf(peer);
    if (!shares.has(peer)) shares.set(peer, nodes.length);
    dueSinceMs = nowMs();
    watch.told(peer);
    const { needs, spec, resultLength, effects } = stores.supply(request, peer);
    const careful = attempt > 0 || task!.parts.some(({ isCheck }) => isCheck) ? { checksums: true } : {};
    const message = {
      type: 'task',
      task: id,
      attempt,
      leafCount,
      nodes,
      needs,
      resultLength,
      spec,
      ...careful,
    } as const;
    return [{ type: 'send', peer, message }, ...effects];
  }

  /** Gives nodes without a worker to the ready workers, those with the least to do first. */
  function adopt(current: Deal): Effect[] {
    const touched = new Set<PeerId>();
    const effects: Effect[] = [];
    for (const part of task!.parts.filter(({ worker }) => worker === null)) {
      const [heir] = trusted().sort((a, b) => loadOf(a.peer) - loadOf(b.peer));
      if (heir === undefined) return []; // whoever joins next adopts them
      if (!hasRoom(heir.peer)) {
        task = null;
        return dealAll(current);
      }
      part.worker = heir.peer;
      touched.add(heir.peer);
      effects.push(...stores.reassign(part.node, heir.peer));
    }
    return [...[...touched].flatMap((peer) => sendTask(current.request, peer)), ...effects];
  }

  /** Leaves that a worker has still to compute. */
  const loadOf = (peer: PeerId): number => leavesIn(partsOf(peer).filter(({ result }) => result === null));

  /** Whether a worker can keep the value of one node more. */
  function hasRoom(peer: PeerId): boolean {
    const share = shares.get(peer);
    return share === undefined || nodesOf(peer).length < heldNodes(share);
  }

  const owes = ({ result, node }: Part): boolean => result === null || stores.owes(node);
  const owing = (): Part[] => (task?.parts ?? []).filter(owes);

  /** A lost worker's node goes to whoever computes it, too, or is left without a worker. */
  function leave(part: Part, peer: PeerId): Effect[] {
    part.others.delete(peer);
    if (part.worker !== peer || !owes(part)) return [];
    const [heir = null] = part.others;
    part.worker = heir;
    if (heir === null) return [];
    part.others.delete(heir);
    return stores.reassign(part.node, heir);
  }

  return {
    get task() {
      return task;
    },
    get dealtMs() {
      return dealtMs;
    },
    get dueSinceMs() {
      return dueSinceMs;
    },

    begin(request, attempt, dispute) {
      open = { request, attempt, dispute };
      task = null;
      return dealAll(open);
    },

    deal() {
      if (open === null) return [];
      return task === null ? dealAll(open) : adopt(open);
    },

    lose(peer) {
      experience.forget(peer);
      if (open === null || task === null) return { microBatches: 0, effects: [] };
      const owed = owing().filter(({ worker }) => worker === peer);
      const effects = task.parts.flatMap((part) => leave(part, peer));
      if (owed.length > 0) effects.push(...adopt(open));
      return { microBatches: leavesIn(owed), effects };
    },

    double(usualMs) {
      if (open === null || task === null) return [];
      const { request } = open;
      const kind = stores.kindOf(request);
      const isWarm = (peer: PeerId): boolean => experience.isWarm(peer, kind);
      const situation = { task, ready: peersOf(trusted()), watch, usualMs, nowMs: nowMs() };
      const pairs = findLate({ ...situation, isWarm, owes, hasRoom });
      const taken = pairs.filter(({ part, helper }) => hasRoom(helper) && part.others.add(helper));
      const notices = doubledNotices(taken, (peer) => members.get(peer)!.rank);
      const helpers = new Set(taken.map(({ helper }) => helper));
      return [...notices, ...[...helpers].flatMap((helper) => sendTask(request, helper))];
    },

    prefer(part, peer) {
      if (part.worker !== null) part.others.add(part.worker);
      part.others.delete(peer);
      part.worker = peer;
      return stores.reassign(part.node, peer);
    },

    learn() {
      if (learns) experience.learn(task!, stores.kindOf(open!.request), peersOf(members.ready()));
    },

    awaited() {
      const owed = owing().flatMap(({ worker }) => worker ?? []);
      return [...new Set([...owed, ...(task?.parts ?? []).flatMap(unconfirmed)])];
    },

    extend: () => void (dueSinceMs = nowMs()),
    end() {
      [open, task] = [null, null];
    },
  };
}
