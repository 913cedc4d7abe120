/**
 * `lockstep launch … train`: a run over several boxes, from here. Each box is looked at, then the coordinator and
 * the workers are started, watched, started again, and ended, as `lockstep train` does on one box.
 *
 *   launcher ── ssh ── lockstep box ─┬─ lockstep coordinator    on one of them
 *            ── ssh ── lockstep box ─┴─ lockstep worker × N     one for each device
 *
 * Keys are made for the run and go through the same pipe; nobody finds them in a command line or on a disk.
 */
import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { exitCodes, LockstepError, runError, type ExitCode } from '../../shared/errors.ts';
import { makeKeyTexts } from '../../shared/runtime/key-files.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { createKeyPair } from '../../shared/transport/zeromq.ts';
import { newRunFolder } from '../cli/folders.ts';
import type { TrainRequest } from '../cli/train-request.ts';
import { packageVersion } from '../cli/version.ts';
import { superviseRun } from '../train/supervise.ts';
import { onSignals } from '../train/train.ts';
import { startWorkers, type WorkerFailure, type Workers } from '../train/workers.ts';
import { coordinatorWords } from './coordinator-words.ts';
import { openFleet, type Fleet } from './fleet.ts';
import { bareName, isHere } from './hosts.ts';
import { createOutput, type Output } from './output.ts';
import { preflight } from './preflight.ts';
import { createRemoteRun, type Seat } from './remote-run.ts';
import { isOneBox, type LaunchRequest } from './request.ts';
import { problemLines, tableLines } from './table.ts';

const clock = systemClock;

/** @returns the exit code of the run. @throws LockstepError where it was not started, or could not go on */
export async function runLaunch(request: LaunchRequest, train: TrainRequest): Promise<number> {
  const output = createOutput(process.stdout, process.stderr, train.quiet);
  let fleet: Fleet | null = null;
  let onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    fleet?.cut();
    process.exit(signal === 'SIGINT' ? 130 : 143); // nothing of the run has been started yet
  };
  onSignals((signal) => onSignal(signal));
  if (!train.quiet) output.plain(`looking at ${request.hosts.map(({ name }) => name).join(', ')} ...`);
  fleet = await openFleet(request, clock, output.say);
  try {
    const run = await prepare(request, train, fleet, output);
    return await superviseRun({
      request: { ...train, argv: run.words },
      clock,
      say: output.say,
      onSignals: (callback) => (onSignal = callback),
      startCoordinator: run.startCoordinator,
      startWorkers: (listening) =>
        tellLastLines(
          startWorkers({
            count: run.seats.length,
            start: run.workerStarter(listening),
            nameOf: (rank) => `rank ${rank} on ${run.seats[rank]!.box}`,
            clock,
            say: output.say,
          }),
          run.seats,
          output,
        ),
      beforeRestart: () => Promise.resolve(false),
    });
  } finally {
    await fleet.end();
  }
}

/** Where no worker is left, what the first that failed said last. */
function tellLastLines(workers: Workers, seats: readonly Seat[], { plain }: Output): Workers {
  const tell = ({ rank, exit, lines }: WorkerFailure): void => {
    if (exit.code === exitCodes.ok) return;
    for (const line of lines) plain(`[rank ${rank}|${seats[rank]!.box}] ${line}`);
  };
  void workers.exhausted.then(tell);
  return workers;
}

/** Looks at every box, says what was found, and makes ready. @throws LockstepError where anything is amiss */
async function prepare(request: LaunchRequest, train: TrainRequest, fleet: Fleet, output: Output) {
  const { coordinator, port, environment } = request;
  const seats = seatsOf(fleet);
  const runDir = resolve(
    train.resume ??
      train.runDir ??
      newRunFolder(clock.wallTime().toISOString(), train.preset ?? train.config.model),
  );
  const isSpread = !isOneBox(request);
  const address = request.address ?? bareName(coordinator);
  const words = coordinatorWords(train, runDir, Math.max(1, seats.length));
  const looked = await preflight({
    boxes: fleet.boxes.flatMap(({ box, workers }) => (box === null ? [] : [{ box, workers }])),
    coordinator,
    address: isSpread ? address : null,
    listenOn: isSpread ? (isIPv4(request.address ?? '') ? request.address! : '0.0.0.0') : '127.0.0.1',
    port: port ?? train.port,
    config: train.config,
    runDir,
    sharedFile: request.sharedFile,
    data: request.data,
    environment,
    version: packageVersion(),
  });
  const order = fleet.boxes.map(({ name }) => name);
  const findings = [...fleet.findings, ...looked.findings].toSorted(
    (a, b) => order.indexOf(a.box) - order.indexOf(b.box),
  );
  const failed = findings.find(({ problem }) => problem !== null)?.problem ?? null;
  if (!train.quiet || failed !== null) {
    const boxes = fleet.boxes.map(({ name, box, workers }) => ({
      name,
      workers: box === null ? null : workers,
    }));
    for (const line of tableLines(boxes, findings)) output.plain(line);
  }
  for (const notice of looked.notices) output.say(notice);
  if (failed !== null || looked.listen === null) {
    const lines = problemLines(findings);
    for (const line of lines.slice(0, -1)) output.say(line);
    throw new LockstepError(
      `${lines.at(-1) ?? 'no box can run the coordinator'}; nothing was started`,
      (failed?.exitCode ?? 69) as ExitCode,
    );
  }
  const { host, port: listenPort } = looked.listen;
  const endpoint = `tcp://${isSpread ? address : '127.0.0.1'}:${listenPort}`;
  if (seats.length === 0) throw runError('no box has a worker: give -H box:N');
  return createRemoteRun({
    fleet,
    seats,
    words: [...words, '--host', host, '--port', String(listenPort)],
    place: ['--host', host],
    coordinator,
    isFar: !isHere(coordinator),
    endpoint,
    keys: isSpread ? makeKeyTexts(endpoint, createKeyPair) : null,
    config: train.config,
    dataWords: request.data.words,
    environment,
    output,
    clock,
  });
}

/** Ranks count along the boxes, as they were named. */
const seatsOf = (fleet: Fleet): Seat[] =>
  fleet.boxes.flatMap(({ name, workers }) =>
    Array.from({ length: workers }, (_, index) => ({ box: name, index })),
  );
