/**
 * One schedule from beginning to end: after every event of the network, what is promised must hold.
 *
 * - a step is in the history once, and no array differs from the reference by a bit (journal, disk, device)
 * - what waits to be sent or done is bounded by the number of processes
 * - as long as a worker lives, the run gets on; and in the end nothing is left of it
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { rowWindow } from '../../shared/protocol/data-messages.ts';
import { createCoordinators } from './coordinators.ts';
import { createFaults } from './faults.ts';
import { describeSchedule, type Schedule } from './schedule.ts';
import { expectedOf } from './shapes.ts';
import { createWorkers } from './workers.ts';
import { createWorld, type Workshop, type World } from './world.ts';

export interface Outcome {
  readonly seed: number;
  readonly violation: string | null;
  readonly events: number;
  readonly virtualMs: number;
  readonly incarnations: number;
  readonly transcript: readonly string[]; // of a failure, or where it was asked for
}

const stuckMs = 150_000; // virtual: longer than all deadlines in a row
const mostEvents = 400_000;
const graceMs = 12_000; // virtual: until who did not hear of the end is killed
const turnsPerEvent = 2; // of the event loop: a worker yields once between two leaves, then waits for virtual time
const turnsAtEnd = 8;

/** Runs a schedule; a failure is run once more for its transcript. */
export async function simulate(schedule: Schedule, workshop: Workshop, transcribe = false): Promise<Outcome> {
  const outcome = await attempt(schedule, workshop, transcribe);
  return outcome.violation === null || transcribe ? outcome : attempt(schedule, workshop, true);
}

async function attempt(schedule: Schedule, workshop: Workshop, transcribe: boolean): Promise<Outcome> {
  const world = createWorld(schedule, await expectedOf(schedule.shape), workshop, transcribe);
  let events = 0;
  try {
    events = await play(world);
  } catch (error) {
    world.violate((error as Error).stack ?? String(error));
  }
  const { incarnation } = world.disk.claim();
  workshop.kernels.reclaim();
  return {
    seed: schedule.seed,
    violation: world.violation,
    events,
    virtualMs: world.network.nowMs,
    incarnations: incarnation - 1,
    transcript: transcribe ? [...describeSchedule(schedule), ...world.transcript.lines] : [],
  };
}

/** @returns how many events there were */
async function play(world: World): Promise<number> {
  const { schedule, network, transcript } = world;
  const coordinators = createCoordinators(world);
  const workers = createWorkers(world, coordinators);
  const faults = createFaults(world, coordinators, workers);
  const coming = [...schedule.faults];
  coordinators.start();
  for (const leafMs of schedule.leafMs) workers.start(workers.newName(), leafMs);
  let doneMs = Infinity;

  for (let events = 0; ; events++) {
    while (coming[0] !== undefined && coming[0].at <= events && !coordinators.done)
      faults.befall(coming.shift()!);
    reinforce();
    for (let turn = 0; turn < turnsPerEvent; turn++) await nextTurn();
    check(world, events);
    if (world.violation !== null) return events;
    if (coordinators.done && doneMs === Infinity) doneMs = network.nowMs;
    if (network.nowMs > doneMs + graceMs) putAway();
    if (!network.step()) {
      for (let turn = 0; turn < turnsAtEnd; turn++) await nextTurn();
      if (network.step()) continue;
      if (!coordinators.done) world.violate('nothing happens any more, and the run is not done');
      else if (coordinators.living.length + workers.living.length > 0) putAway();
      else return events;
    }
  }

  /** There are enough workers for the run to get on, once no more faults come. */
  function reinforce(): void {
    if (network.nowMs - world.progressedMs <= graceMs || coordinators.done) return;
    if (coming.length > 0 || faults.lasting > 0) return;
    const here = workers.living.filter(({ site }) => site === coordinators.site).length;
    if (here < schedule.minWorkers) workers.start(workers.newName(), 2);
  }

  /** Ends who did not hear that the run is over. */
  function putAway(): void {
    for (const worker of workers.living) workers.crash(worker, null);
    for (const incarnation of coordinators.living) coordinators.crash(incarnation, 0);
    transcript.say('supervisor', 'has ended who was left');
  }
}

/** What must hold at any moment. */
function check(world: World, events: number): void {
  const { schedule, network, tamperer } = world;
  if (events > mostEvents) world.violate(`not over after ${events} events`);
  if (network.nowMs - world.progressedMs > stuckMs)
    world.violate(`nothing got on in ${stuckMs / 1000} s since ${world.progressedMs.toFixed(0)} ms`);
  const kinds = 3; // of arrays that a hub sends to one peer: parameters and statistics; or a reducer's state
  if (tamperer.mostUnderWay > Math.max(kinds * schedule.window, 12) + rowWindow)
    world.violate(`${tamperer.mostUnderWay} frames of arrays are under way to one worker`);
}
