/** The workers of a simulation, each on a host of its own, started again when they end before the run does. */
import { exitCodes } from '../../shared/errors.ts';
import { runWorkerShell } from '../../worker/shell.ts';
import { ownRows } from '../../worker/data.ts';
import { image, version } from '../support/cluster.ts';
import { streamedRows } from '../support/streamed-rows.ts';
import { endpointOf, transportOptions, type Coordinators } from './coordinators.ts';
import { streamsOf } from './schedule.ts';
import { dataset } from './shapes.ts';
import { createDevice, type DeviceTroubles } from './simulated-device.ts';
import type { World } from './world.ts';

export interface SimulatedWorker {
  readonly name: string;
  readonly site: number;
  readonly leafMs: number;
  readonly troubles: DeviceTroubles;
  wasWrong: boolean; // a gradient of its was not a number
}

export interface Workers {
  readonly living: readonly SimulatedWorker[];
  /** Starts one for the run's coordinator of now. */
  start(name: string, leafMs: number): void;
  /** Kills one; it is started again after so long, or never. */
  crash(worker: SimulatedWorker, againAfterMs: number | null): void;
  /** A name that nobody had. */
  newName(): string;
}

const restartMs = 300;

export function createWorkers(world: World, coordinators: Coordinators): Workers {
  const { network, transcript, supervisor, expected } = world;
  let living: SimulatedWorker[] = [];
  let count = 0;

  function start(name: string, leafMs: number): void {
    if (coordinators.done) return;
    const { site } = coordinators;
    const worker = { name, site, leafMs, troubles: { hangs: false, nonFinite: false }, wasWrong: false };
    living.push(worker);
    transcript.say(name, `is started for site ${site}`);
    void run(worker).then(({ code, reason }) => onExit(worker, code, reason));
  }

  function run(worker: SimulatedWorker): Promise<{ code: number; reason: string }> {
    const { name, site } = worker;
    const streams = streamsOf(world.schedule.seed, name);
    const { transport, clock } = world.hostOf(name);
    const { model, config } = expected.shape;
    const { fingerprint } = model.create(image);
    return runWorkerShell({
      transport,
      transportOptions,
      endpoint: endpointOf(site),
      identity: { version, host: name, pid: 1, fingerprint },
      clock,
      equip: async (welcome) => ({
        compute: createDevice({ ...world, ...worker, clock }),
        model: model.description,
        workload: expected.workload,
        data: streams ? streamedRows(welcome.data) : ownRows(dataset),
        seed: config.seed,
      }),
      log: (line) => transcript.say(name, line),
    });
  }

  function onExit(worker: SimulatedWorker, code: number, reason: string): void {
    if (!living.includes(worker)) return;
    transcript.say(worker.name, `has ended with ${code}: ${reason}`);
    const isLiar = worker.wasWrong && reason.endsWith('its device is broken');
    if (code !== exitCodes.ok && code !== exitCodes.peerLost && !isLiar)
      world.violate(`${worker.name} ended with ${code}: ${reason}`);
    crash(worker, isLiar ? null : restartMs);
  }

  function crash(worker: SimulatedWorker, againAfterMs: number | null): void {
    if (!living.includes(worker)) return;
    living = living.filter((one) => one !== worker);
    network.crash(worker.name);
    if (againAfterMs !== null) supervisor.after(againAfterMs, () => start(worker.name, worker.leafMs));
  }

  return {
    get living() {
      return living;
    },
    start,
    crash,
    newName: () => `w${count++}`,
  };
}
