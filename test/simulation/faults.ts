/** Carries out the faults of a schedule, and ends each after its time. */
import type { Coordinators, Incarnation } from './coordinators.ts';
import type { Fault } from './schedule.ts';
import type { SimulatedWorker, Workers } from './workers.ts';
import type { World } from './world.ts';

type Somebody =
  | { readonly role: 'worker'; readonly host: string; readonly worker: SimulatedWorker }
  | { readonly role: 'coordinator' | 'reducer'; readonly host: string; readonly incarnation: Incarnation };

export interface Faults {
  befall(fault: Fault): void;
  /** How many still last. */
  readonly lasting: number;
}

const againMs = 100; // until an orphan's host has workers again

export function createFaults(world: World, coordinators: Coordinators, workers: Workers): Faults {
  const { network, disk, transcript, tamperer, supervisor } = world;
  let lasting = 0;

  function whoOf({ role, index }: Fault): Somebody | null {
    const pick = <T>(from: readonly T[]): T | undefined => from[index % Math.max(1, from.length)];
    if (role === 'worker') {
      const worker = pick(workers.living);
      return worker === undefined ? null : { role, host: worker.name, worker };
    }
    const incarnation = pick(coordinators.living);
    if (incarnation === undefined) return null;
    const host = role === 'coordinator' ? incarnation.host : pick(incarnation.reducers);
    return host === undefined ? null : { role, host, incarnation };
  }

  function later(forMs: number, what: () => void): void {
    lasting += 1;
    supervisor.after(forMs, () => {
      lasting -= 1;
      what();
    });
  }

  function crash(somebody: Somebody, forMs: number): void {
    if (somebody.role === 'worker') workers.crash(somebody.worker, forMs);
    else if (somebody.role === 'coordinator') coordinators.crash(somebody.incarnation, forMs);
    else {
      const { reducers, shell } = somebody.incarnation;
      reducers.splice(reducers.indexOf(somebody.host), 1);
      network.crash(somebody.host);
      shell?.reducerAbsent(`${somebody.host} was killed`);
    }
  }

  /** The old coordinator goes on where it is; some workers stay with it, others are the heir's. */
  function orphan(): void {
    coordinators.inherit();
    const all = workers.living.filter(() => world.chance.happens(0.6));
    for (const worker of all) workers.crash(worker, againMs);
    if (all.length === 0) workers.start(workers.newName(), 2);
  }

  function befallSomebody(fault: Fault, somebody: Somebody): void {
    const { kind, forMs } = fault;
    const { host } = somebody;
    switch (kind) {
      case 'crash':
        return crash(somebody, forMs);
      case 'cut':
        network.cut(host);
        return later(forMs, () => network.heal(host));
      case 'pause':
        network.pause(host);
        return later(forMs, () => network.resume(host));
      case 'damage':
      case 'duplicate':
      case 'replay':
        return tamperer.order(host, kind);
      case 'stop':
        if (somebody.role !== 'coordinator' || somebody.incarnation.shell === null) return;
        somebody.incarnation.stopping = true;
        return somebody.incarnation.shell.stop();
      default:
        return befallWorker(fault, somebody);
    }
  }

  function befallWorker({ kind, forMs }: Fault, somebody: Somebody): void {
    if (somebody.role !== 'worker') return;
    const { worker } = somebody;
    if (kind === 'leave') return workers.crash(worker, null);
    if (kind === 'nonFinite') worker.troubles.nonFinite = worker.wasWrong = true;
    if (kind !== 'hang') return;
    worker.troubles.hangs = true;
    later(3 * forMs, () => workers.crash(worker, forMs));
  }

  return {
    get lasting() {
      return lasting;
    },

    befall(fault) {
      const { kind, forMs } = fault;
      const who = whoOf(fault);
      const host = who?.host ?? 'nobody';
      transcript.say('FAULT', `${kind} ${host} for ${forMs.toFixed(0)} ms`);
      world.progressed();
      if (kind === 'diskFull') {
        disk.full = true;
        return later(forMs, () => void (disk.full = false));
      }
      if (kind === 'rot') return transcript.say('disk', `the checkpoint of step ${disk.rot()} is damaged`);
      if (kind === 'join') return workers.start(workers.newName(), world.chance.between(0.5, 5));
      if (who === null) return;
      if (kind === 'orphan') return coordinators.living.length > 1 ? undefined : orphan();
      befallSomebody(fault, who);
    },
  };
}
