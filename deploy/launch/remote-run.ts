/** The processes of a run on their boxes: what starts them, with which keys, and where their lines go. */
import type { KeyTexts } from '../../shared/runtime/key-files.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import type { Config } from '../../shared/runtime/config.ts';
import { deviceEnvironment, rankLogFile, workerWords } from '../train/local-workers.ts';
import type { CoordinatorProcess, Listening } from '../train/supervise.ts';
import type { WorkerProcess } from '../train/workers.ts';
import type { Fleet } from './fleet.ts';
import type { Output } from './output.ts';
import { startRemote } from './remote.ts';

/** A worker's place: which one it is on its box. Its rank is its place in the list. */
export interface Seat {
  readonly box: string;
  readonly index: number;
}

export interface RemoteRunOptions {
  readonly fleet: Fleet;
  readonly seats: readonly Seat[];
  readonly words: readonly string[]; // of the coordinator, when it begins
  readonly place: readonly string[]; // more words, when it is started again
  readonly coordinator: string; // its box
  readonly isFar: boolean; // whether that is another one than this
  readonly endpoint: string; // that workers connect to
  readonly keys: KeyTexts | null;
  readonly config: Config;
  readonly dataWords: readonly string[]; // of workers
  readonly environment: Readonly<Record<string, string>>;
  readonly output: Output;
  readonly clock: Clock;
}

export interface RemoteRun {
  readonly words: readonly string[]; // without the command's name
  readonly seats: readonly Seat[];
  startCoordinator(flags: readonly string[], onListening: (listening: Listening) => void): CoordinatorProcess;
  workerStarter(listening: Listening): (rank: number) => WorkerProcess;
}

const workerGraceMs = 5000;
const coordinatorPatienceMs = 10 * 60_000;
const coordinatorGraceMs = 60_000; // for its last checkpoint

export function createRemoteRun(options: RemoteRunOptions): RemoteRun {
  const { fleet, seats, keys, endpoint, config, output, clock, coordinator } = options;
  const environment = { ...options.environment };
  const [, ...words] = options.words;
  return {
    words,
    seats,
    startCoordinator(flags, onListening) {
      const again = flags.includes('--host') ? [] : options.place;
      return startRemote({
        station: fleet.station(coordinator),
        clock,
        patienceMs: coordinatorPatienceMs,
        request: {
          words: ['coordinator', ...flags, ...again],
          environment,
          secret: keys === null ? null : { flag: '--keys', text: keys.server },
          graceMs: coordinatorGraceMs,
        },
        events: {
          onLine: output.coordinator,
          onListening(listening) {
            if (options.isFar && listening.httpPort !== null)
              output.say(watchLine(coordinator, listening.httpPort));
            onListening(listening);
          },
        },
      });
    },
    workerStarter({ runDir, runId }) {
      return (rank) => {
        const { box, index } = seats[rank]!;
        const gpus = fleet.boxes.find(({ name }) => name === box)?.box?.hello.gpus ?? [];
        const log = rankLogFile(runDir, rank);
        const device = deviceEnvironment(
          gpus.map((gpu) => gpu.index),
          index,
        );
        const ofWorker = [...workerWords(config, rank, runId), ...options.dataWords];
        return startRemote({
          station: fleet.station(box),
          clock,
          request: {
            words: keys === null ? [...ofWorker, '--connect', endpoint] : ofWorker,
            environment: { ...environment, ...device },
            secret: keys === null ? null : { flag: '--connect', text: keys.connection },
            graceMs: workerGraceMs,
          },
          events: {
            onLine(line) {
              output.rank(rank, box, line);
              fleet.station(coordinator).now()?.log(log, line);
            },
          },
        });
      };
    },
  };
}

/** The live page of another box is on its loopback, and ssh brings it here. */
const watchLine = (box: string, port: number): string =>
  `to watch from here: ssh -N -L ${port}:127.0.0.1:${port} ${box}, then http://127.0.0.1:${port}`;
