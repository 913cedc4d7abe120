/**
 * The coordinators of a run folder, one after another, each with its reducers, started again from the last
 * checkpoint as a supervisor does. With a second one on the same folder (an orphan's heir) there may be two.
 */
import { createCluster } from '../../coordinator/cluster.ts';
import { createCoordinator } from '../../coordinator/coordinator.ts';
import { createDeadlines } from '../../coordinator/deadlines.ts';
import type { Snapshot } from '../../coordinator/journal.ts';
import { train, type RunResult } from '../../coordinator/program.ts';
import { outerReducers } from '../../coordinator/reducers/gathering.ts';
import { runReducerShell } from '../../coordinator/reducers/shell.ts';
import { startCoordinator, type CoordinatorShell } from '../../coordinator/shell.ts';
import { Interrupted } from '../../coordinator/requests.ts';
import { createStores } from '../../coordinator/stores.ts';
import { exitCodes, LockstepError } from '../../shared/errors.ts';
import { maxFrameBytes } from '../../shared/protocol/frame.ts';
import { describeData, packRows } from '../../shared/protocol/row-frames.ts';
import { image, version } from '../support/cluster.ts';
import { createRunJournal, type RunJournal } from './run-journal.ts';
import { dataset, sameBits } from './shapes.ts';
import type { World } from './world.ts';

export const transportOptions = { maxFrameBytes, peerTimeoutMs: 5000 };
const deadlines = { floorMs: 3000, factor: 5, firstMs: 6000 };
const restartMs = 1000;

/** One process of `lockstep coordinator`, and its reducers. */
export interface Incarnation {
  readonly site: number; // where it listens: an heir elsewhere than the orphan
  readonly host: string;
  readonly reducers: string[]; // hosts of those that live
  shell: CoordinatorShell<RunResult> | null;
  stopping: boolean;
}

export interface Coordinators {
  /** Those that live; the last one is nobody's orphan. */
  readonly living: readonly Incarnation[];
  /** The place of the run's newest coordinator, or of its next one. */
  readonly site: number;
  readonly done: boolean;
  start(): void;
  /** Kills one; it is started again later, unless it was an orphan. */
  crash(incarnation: Incarnation, afterMs: number): void;
  /** Starts a second one elsewhere. */
  inherit(): void;
}

export const endpointOf = (site: number): string => `tcp://site-${site}:1`;

export function createCoordinators(world: World): Coordinators {
  const { schedule, network, transcript, supervisor } = world;
  let living: Incarnation[] = [];
  let site = 0;
  let done = false;

  function start(): void {
    if (done) return;
    const { incarnation: epoch, newest } = world.disk.claim();
    const incarnation: Incarnation = {
      site,
      host: `c${epoch}`,
      reducers: [],
      shell: null,
      stopping: false,
    };
    living.push(incarnation);
    const { step } = newest?.progress ?? { step: 0 };
    transcript.say(incarnation.host, `is started as incarnation ${epoch}, from step ${step}`);
    world.progressed();
    void open(incarnation, epoch, newest).catch((error: unknown) => onFailed(incarnation, error));
  }

  async function open(incarnation: Incarnation, epoch: number, newest: Snapshot | null): Promise<void> {
    const { transport, clock } = world.hostOf(incarnation.host);
    const journal = createRunJournal({
      ...world,
      name: incarnation.host,
      incarnation: epoch,
      clock,
      firstStep: newest?.progress.step ?? 0,
      checkpointEvery: schedule.checkpointEvery,
      stopRequested: () => incarnation.stopping,
    });
    const shell = await startCoordinator({
      coordinator: machineOf(world, clock.nowMs, journal, newest),
      epoch,
      clock,
      bind: (events) => transport.bind(endpointOf(incarnation.site), transportOptions, events),
      packRows: (_, rows) => packRows(dataset, rows),
      onNotice: ({ kind, ...notice }) =>
        transcript.say(incarnation.host, `notes ${kind} ${JSON.stringify(notice)}`),
      onOffence: (peer, kind, message) =>
        transcript.say(incarnation.host, `offended by ${peer} (${kind}): ${message}`),
    });
    incarnation.shell = shell;
    for (let index = 0; index < outerReducers(schedule.reducers); index++)
      startReducer(world, incarnation, `r${index}.${epoch}`);
    const result = await shell.finished;
    await journal.close();
    await onEnd(incarnation, shell, result);
  }

  async function onEnd(
    incarnation: Incarnation,
    shell: CoordinatorShell<RunResult>,
    result: RunResult,
  ): Promise<void> {
    if (!living.includes(incarnation)) return;
    transcript.say(incarnation.host, `has ended after ${result.steps} steps: ${result.stopped}`);
    if (result.stopped === 'finished') {
      const { states } = world.expected;
      if (!sameBits(result.parameters, states.at(-1)!.parameters))
        world.violate('the final parameters differ from those of the undisturbed run');
      done = true;
    }
    await shell.close();
    remove(incarnation, restartMs);
  }

  function onFailed(incarnation: Incarnation, error: unknown): void {
    if (!living.includes(incarnation)) return;
    const { message, stack } = error as Error;
    transcript.say(incarnation.host, `has failed: ${message}`);
    if (!mayEnd(incarnation, error)) world.violate(`${incarnation.host} failed: ${stack ?? message}`);
    crash(incarnation, restartMs);
  }

  /** Whether a fault is a reason to end by: a reducer lost, the folder lost to an heir, the disk full to the end. */
  function mayEnd(incarnation: Incarnation, error: unknown): boolean {
    if (error instanceof Interrupted) return incarnation.stopping; // before there was anything to save
    if (!(error instanceof LockstepError)) return false;
    if (error.exitCode === exitCodes.configuration) return incarnation.site !== site;
    if (error.exitCode === exitCodes.peerLost) return schedule.reducers > 1;
    const isUndecided = schedule.faults.some(({ kind }) => kind === 'nonFinite');
    if (isUndecided && error.message.includes('there is no third worker to decide')) return true;
    return error.exitCode === exitCodes.runFailed && error.message.startsWith('the last checkpoint');
  }

  function crash(incarnation: Incarnation, afterMs: number): void {
    network.crash(incarnation.host);
    for (const reducer of incarnation.reducers) network.crash(reducer);
    remove(incarnation, afterMs);
  }

  /** It lives no more; the next one comes in its place. */
  function remove(incarnation: Incarnation, afterMs: number): void {
    living = living.filter((one) => one !== incarnation);
    if (incarnation.site === site && !done) supervisor.after(afterMs, () => isVacant() && start());
  }

  const isVacant = (): boolean => !living.some((one) => one.site === site);

  return {
    get living() {
      return living;
    },
    get site() {
      return site;
    },
    get done() {
      return done;
    },
    start,
    crash,
    inherit() {
      site += 1;
      start();
    },
  };
}

function machineOf(world: World, nowMs: () => number, journal: RunJournal, resume: Snapshot | null) {
  const { schedule, expected } = world;
  const config = { ...schedule.shape.config, reducers: schedule.reducers };
  const program = train({
    config,
    workload: expected.workload,
    image,
    labels: dataset.labels,
    journal,
    createKernels: world.createKernels,
    nowMs,
    takeFirst: () => ({ snapshot: resume, parameters: null }),
  });
  const cluster = createCluster({
    door: {
      version,
      runId: 'run',
      requireIdentical: false,
      reducers: outerReducers(schedule.reducers),
      batchSize: config.batchSize,
      model: resume?.model ?? null,
      welcome: { configuration: config, data: describeData(dataset, ''), testData: null },
    },
    minWorkers: schedule.minWorkers,
    expectedWorkers: schedule.leafMs.length,
    stores: createStores({
      budget: schedule.budget,
      window: schedule.window,
      createKernels: world.createKernels,
    }),
    deadlines: createDeadlines(deadlines),
    checkEvery: schedule.checkEvery,
    nowMs,
  });
  return createCoordinator(cluster, program);
}

/** A reducer that ends is not started again: its coordinator is, and that starts another. */
function startReducer(world: World, incarnation: Incarnation, name: string): void {
  incarnation.reducers.push(name);
  const shell = runReducerShell({
    transport: world.hostOf(name).transport,
    transportOptions,
    endpoint: endpointOf(incarnation.site),
    listenEndpoint: `tcp://${name}:0`,
    identity: { version, host: name, pid: 1 },
    createKernels: world.createKernels,
    log: (line) => world.transcript.say(name, line),
  });
  const onExit = ({ code, reason }: { code: number; reason: string }): void => {
    if (!incarnation.reducers.includes(name)) return;
    world.transcript.say(name, `has ended with ${code}: ${reason}`);
    if (code !== exitCodes.ok && code !== exitCodes.peerLost && code !== exitCodes.configuration)
      world.violate(`${name} ended with ${code}: ${reason}`);
    incarnation.reducers.splice(incarnation.reducers.indexOf(name), 1);
    incarnation.shell?.reducerAbsent(`${name} ended: ${reason}`);
  };
  void shell.then(onExit);
}
