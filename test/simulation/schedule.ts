/**
 * What a seed makes of a run: its shape, who takes part, how slow the network and each worker are, and which
 * faults come at which event. A pure function of the seed, readable as a list.
 */
import { leastSlots } from '../../coordinator/sum.ts';
import { chanceOf, type Chance } from './chance.ts';
import { crowds, shapes, type Shape } from './shapes.ts';

export type Role = 'worker' | 'coordinator' | 'reducer';

/** Something that happens to somebody. Whoever is not there (any more) is spared. */
export interface Fault {
  readonly at: number; // event
  readonly kind: FaultKind;
  readonly role: Role;
  readonly index: number; // of those of this role that are there, counted round
  readonly forMs: number; // until it is over: healed, resumed, started again
}

export const faultKinds = [
  'crash', // and started again
  'cut', // from everybody, then healed
  'pause', // as SIGSTOP and SIGCONT
  'hang', // its next gradient never comes; later it is killed, and started again
  'damage', // a bit of its next frame is not as it was sent
  'duplicate', // its next frames arrive twice
  'replay', // its next frame comes with many that were sent before, by anybody
  'nonFinite', // its next gradient is not a number, once
  'leave', // for good
  'join', // one more worker
  'stop', // the coordinator is asked to end, and started again
  'orphan', // a second coordinator is started on the run folder, with workers of its own
  'diskFull', // no checkpoint can be written
  'rot', // the newest checkpoint cannot be read any more
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Schedule {
  readonly seed: number;
  readonly shape: Shape;
  readonly leafMs: readonly number[]; // of each worker at the start
  readonly reducers: number;
  readonly minWorkers: number;
  readonly checkEvery: number; // steps
  readonly checkpointEvery: number; // steps
  readonly budget: number; // chunks of a sum under way
  readonly window: number; // chunks of an array under way to one worker
  readonly maxDelayMs: number; // of a message
  readonly faults: readonly Fault[]; // ascending
}

const [crowdEvery, crowdLast] = [100, 99]; // one schedule in so many

export function scheduleOf(seed: number): Schedule {
  const chance = chanceOf(seed, 1);
  const isCrowd = seed % crowdEvery === crowdLast;
  const shape = chance.pick(isCrowd ? crowds : shapes);
  const workerCount = isCrowd ? 60 + chance.below(140) : 1 + chance.below(4);
  const slowness = chance.pick([1, 1, 3, 40]);
  const reducers = 1 + chance.below(3);
  const minWorkers = workerCount > 2 && chance.happens(0.15) ? 2 : 1;
  return {
    seed,
    shape,
    leafMs: Array.from({ length: workerCount }, () => slowness * chance.between(0.5, 4)),
    reducers,
    minWorkers,
    checkEvery: chance.happens(0.2) ? 2 : 100,
    checkpointEvery: 1 + chance.below(3),
    budget: leastSlots(leavesOf(shape)) + chance.below(9),
    window: 1 + chance.below(3),
    maxDelayMs: chance.pick([0.5, 2, 5, 30]),
    faults: faultsOf(chance, isCrowd, shape, workerCount, reducers),
  };
}

/** Whether a worker, named `w` and a number, does not see the data: in a third of runs all do, in a third some. */
export function streamsOf(seed: number, worker: string): boolean {
  const kind = seed % 3;
  return kind === 2 || (kind === 1 && Number(worker.slice(1)) % 2 === 1);
}

const leavesOf = ({ config }: Shape): number => config.batchSize / config.microBatchSize!;

/** Events of an undisturbed run, roughly: most are messages of workers, and few work at once on few leaves. */
function eventsOf(shape: Shape, workerCount: number, reducers: number): number {
  const leaves = leavesOf(shape);
  const busy = Math.min(workerCount, leaves);
  return 12 * reducers + 8 * workerCount + shape.config.steps! * (2 * leaves + (6 + 4 * reducers) * busy);
}

function faultsOf(
  chance: Chance,
  isCrowd: boolean,
  shape: Shape,
  workerCount: number,
  reducers: number,
): Fault[] {
  const count = isCrowd ? chance.below(8) : chance.pick([0, 1, 1, 2, 2, 3, 4, 6]);
  const end = 1.1 * eventsOf(shape, workerCount, reducers);
  const faults = Array.from({ length: count }, (): Fault => {
    const kind = chance.pick(faultKinds);
    return {
      at: chance.below(end),
      kind,
      role: roleOf(chance, kind, reducers),
      index: chance.below(1000),
      forMs: chance.pick([5, 50, 500, 3000, 7000]) * chance.between(0.5, 1.5),
    };
  });
  const isSecond = ({ kind }: Fault, i: number): boolean =>
    kind === 'nonFinite' && faults.findIndex((fault) => fault.kind === kind) < i; // twice ends a run by promise
  return faults.filter((fault, i) => !isSecond(fault, i)).sort((a, b) => a.at - b.at);
}

function roleOf(chance: Chance, kind: FaultKind, reducers: number): Role {
  if (kind === 'hang' || kind === 'nonFinite' || kind === 'leave' || kind === 'join') return 'worker';
  if (kind === 'stop' || kind === 'orphan' || kind === 'diskFull' || kind === 'rot') return 'coordinator';
  if (reducers > 1 && chance.happens(0.25)) return 'reducer';
  return chance.happens(0.3) ? 'coordinator' : 'worker';
}

/** The schedule as a person reads it. */
export function describeSchedule(schedule: Schedule): string[] {
  const { seed, shape, leafMs, faults } = schedule;
  const { reducers, minWorkers, budget, window, maxDelayMs, checkpointEvery, checkEvery } = schedule;
  const speeds = leafMs.slice(0, 6).map((ms) => ms.toFixed(1));
  return [
    `seed ${seed}: ${shape.name}, ${shape.config.steps} steps, ${leafMs.length} workers (ms a leaf: ` +
      `${speeds.join(' ')}${leafMs.length > 6 ? ' ...' : ''}), ${reducers} reducers, at least ${minWorkers} workers`,
    `  budget ${budget}, window ${window}, delays to ${maxDelayMs} ms, checkpoint every ${checkpointEvery} steps, ` +
      `check every ${checkEvery}`,
    ...faults.map(
      ({ at, kind, role, index, forMs }) =>
        `  event ${at}: ${kind} ${role} ${index} for ${forMs.toFixed(0)} ms`,
    ),
  ];
}
