/**
 * What all parts of a simulation share: the network, its time, the disk, the transcript, and the first promise
 * that was broken.
 */
import type { Kernels } from '../../shared/math/kernels.ts';
import { createMemoryNetwork, type MemoryHost, type MemoryNetwork } from '../../shared/transport/memory.ts';
import type { VirtualClock } from '../../shared/transport/virtual-time.ts';
import { chanceOf, type Chance } from './chance.ts';
import { createDisk, type Disk } from './disk.ts';
import type { KernelPool } from './kernel-pool.ts';
import type { Schedule } from './schedule.ts';
import type { Expected } from './shapes.ts';
import { createTamperer, type Tamperer } from './tampering.ts';
import { createTranscript, noTranscript, type Transcript } from './transcript.ts';

export interface World {
  readonly schedule: Schedule;
  readonly expected: Expected;
  readonly network: MemoryNetwork;
  readonly chance: Chance; // of what faults leave open
  readonly disk: Disk;
  readonly tamperer: Tamperer;
  readonly transcript: Transcript;
  readonly createKernels: (bytes: number) => Kernels;
  /** Of whoever starts processes again: nothing befalls it. */
  readonly supervisor: VirtualClock;
  /** A host of the network, whose messages may be tampered with. */
  hostOf(name: string): MemoryHost;
  /** Notes a broken promise; the first one counts. */
  violate(what: string): void;
  readonly violation: string | null;
  /** Something got on: the run is not stuck. */
  progressed(): void;
  readonly progressedMs: number; // when
}

/** What outlives a simulation, to be used by the next one. */
export interface Workshop {
  readonly folder: string; // for the run folder's owners
  readonly kernels: KernelPool;
}

export function createWorld(
  schedule: Schedule,
  expected: Expected,
  workshop: Workshop,
  transcribe: boolean,
): World {
  const network = createMemoryNetwork({ seed: schedule.seed, maxDelayMs: schedule.maxDelayMs });
  const transcript = transcribe ? createTranscript(() => network.nowMs) : noTranscript;
  const chance = chanceOf(schedule.seed, 2);
  const tamperer = createTamperer(chance, transcript);
  let violation: string | null = null;
  let progressedMs = 0;

  function violate(what: string): void {
    violation ??= what;
    transcript.say('VIOLATED', what);
  }

  return {
    schedule,
    expected,
    network,
    chance,
    disk: createDisk(workshop.folder, violate),
    tamperer,
    transcript,
    createKernels: (bytes) => workshop.kernels.create(bytes),
    supervisor: network.host('supervisor').clock,
    hostOf(name) {
      const { transport, clock } = network.host(name);
      return { transport: tamperer.wrap(name, transport), clock };
    },
    violate,
    get violation() {
      return violation;
    },
    progressed: () => void (progressedMs = network.nowMs),
    get progressedMs() {
      return progressedMs;
    },
  };
}
