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
import { deal, heldNodes } from '../shared/math/deal.ts';
import type { TreeNode } from '../shared/math/tree.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import { findLate } from './duplicates.ts';
import type { Effect } from './effects.ts';
import { createExperience } from './experience.ts';
import type { Member, Members } from './members.ts';
import type { Request } from './requests.ts';
import type { Stores } from './stores.ts';
import { leavesIn, openTask, type OpenTask, type Part } from './task.ts';
import type { Watch } from './watch.ts';

export type TaskRequest = Extract<Request, { kind: 'sum' | 'step' }>;

export interface DealingOptions {
  readonly members: Members;
  readonly stores: Stores;
  readonly watch: Watch;
  readonly minWorkers: number;
  readonly expectedWorkers: number; // the first task waits for them, but not for long
  readonly nowMs: () => number;
}

export interface Dealing {
  /** The open task; null while its request waits for workers. */
  readonly task: OpenTask | null;
  readonly dealtMs: number; // when the task was dealt
  readonly dueSinceMs: number; // when somebody was last told of nodes: what is owed is not overdue before
  /** Opens a task for the request as soon as there are enough workers. @param attempt 1 when it is made again */
  begin(request: TaskRequest, attempt: number): Effect[];
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

const gatherMs = 10_000;

const peersOf = (members: readonly Member[]): PeerId[] => members.map(({ peer }) => peer);

export function createDealing(options: DealingOptions): Dealing {
  const { members, stores, watch, minWorkers, nowMs } = options;
  const experience = createExperience(watch, nowMs);
  const { speeds } = experience;
  let open: { readonly request: TaskRequest; readonly attempt: number } | null = null;
  let task: OpenTask | null = null;
  let shares = new Map<PeerId, number>(); // nodes that a worker was told of first: it made room after them
  let nextTask = 1;
  let [dealtMs, dueSinceMs] = [0, 0];
  let gathering: { readonly sinceMs: number } | null | 'done' = null; // of the workers that are expected

  /** Deals all leaves over the ready workers, if there are enough of them. */
  function dealAll(request: TaskRequest, attempt: number): Effect[] {
    const ready = members.ready();
    if (ready.length < Math.max(1, minWorkers) || isGathering(ready.length)) return [];
    const { leafCount } = request;
    const peers = peersOf(ready);
    const before = speeds.inUse(peers);
    const speedShares = request.kind === 'step' ? speeds.choose(peers, leafCount) : before;
    const dealt = deal(leafCount, peers.length, speedShares);
    const assignments = dealt.flatMap((nodes, index) => {
      const worker = ready[(index + attempt) % ready.length]!.peer; // a second attempt goes to other workers
      return nodes.map((node) => ({ node, worker }));
    });
    task = openTask(nextTask, attempt, leafCount, assignments);
    nextTask += 1;
    shares = new Map();
    dealtMs = nowMs();
    const workers = [...new Set(assignments.map(({ worker }) => worker))];
    return [
      ...(speedShares === before ? [] : [sharesNotice()]),
      ...workers.flatMap((worker) => sendTask(request, worker)),
      ...stores.begin(request, task.id, attempt, assignments),
    ];
  }

  const sharesNotice = (): Effect => {
    const shares = members.ready().map(({ peer, rank }) => ({ rank, microBatches: leavesIn(partsOf(peer)) }));
    return { type: 'notice', notice: { kind: 'shares', shares } };
  };

  /** Whether to wait a little longer for the workers that were started with the run. */
  function isGathering(readyCount: number): boolean {
    if (gathering === null) gathering = { sinceMs: nowMs() };
    if (gathering !== 'done') {
      const isOver = readyCount >= options.expectedWorkers || nowMs() - gathering.sinceMs >= gatherMs;
      if (isOver) gathering = 'done';
    }
    return gathering !== 'done';
  }

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
    const message = { type: 'task', task: id, attempt, leafCount, nodes, needs, resultLength, spec } as const;
    return [{ type: 'send', peer, message }, ...effects];
  }

  /** Gives nodes without a worker to the ready workers, those with the least to do first. */
  function adopt({ request, attempt }: NonNullable<typeof open>): Effect[] {
    const touched = new Set<PeerId>();
    const effects: Effect[] = [];
    for (const part of task!.parts.filter(({ worker }) => worker === null)) {
      const [heir] = members.ready().sort((a, b) => loadOf(a.peer) - loadOf(b.peer));
      if (heir === undefined) return []; // whoever joins next adopts them
      if (!hasRoom(heir.peer)) {
        task = null;
        return dealAll(request, attempt);
      }
      part.worker = heir.peer;
      touched.add(heir.peer);
      effects.push(...stores.reassign(part.node, heir.peer));
    }
    return [...[...touched].flatMap((peer) => sendTask(request, peer)), ...effects];
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

    begin(request, attempt) {
      open = { request, attempt };
      task = null;
      return dealAll(request, attempt);
    },

    deal() {
      if (open === null) return [];
      return task === null ? dealAll(open.request, open.attempt) : adopt(open);
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
      const pairs = findLate({
        task,
        ready: peersOf(members.ready()),
        watch,
        usualMs,
        nowMs: nowMs(),
        isWarm: (peer) => experience.isWarm(peer, kind),
        owes,
        hasRoom,
      });
      const taken = pairs.filter(({ part, helper }) => hasRoom(helper) && part.others.add(helper));
      const slow = [...new Set(taken.map(({ part }) => part.worker!))];
      const notices = slow.map((peer): Effect => {
        const microBatches = leavesIn(taken.flatMap(({ part }) => (part.worker === peer ? part : [])));
        return {
          type: 'notice',
          notice: { kind: 'duplicated', rank: members.get(peer)!.rank, microBatches },
        };
      });
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
      experience.learn(task!, stores.kindOf(open!.request), peersOf(members.ready()));
    },

    awaited: () => [...new Set(owing().flatMap(({ worker }) => worker ?? []))],

    extend: () => void (dueSinceMs = nowMs()),
    end() {
      [open, task] = [null, null];
    },
  };
}
