/**
 * Feeds a worker machine and carries out its effects: its links on one side, a device on the other.
 *
 * What the device does (build, install, compute) is one queue, in order. Between two micro-batches it yields
 * to the event loop, so that credit is answered and a task that no longer counts is given up.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { decodeBasis } from '../shared/math/pca.ts';
import { rowLength } from '../shared/data/dataset.ts';
import { LockstepError, ProtocolError, exitCodes } from '../shared/errors.ts';
import { decodeCoordinatorMessage, encodeControl, isControl } from '../shared/protocol/control.ts';
import { decodeFrame, encodeFrame } from '../shared/protocol/frame.ts';
import { protocolVersion } from '../shared/protocol/messages.ts';
import type { Frames } from '../shared/transport/transport.ts';
import { createBatches, planOf } from './batches.ts';
import { readyMessage, type Equipment, type FetchRows } from './equipment.ts';
import type { Welcome, WorkerEffect, WorkerEvent } from './events.ts';
import { createCopyCheck } from './copy-check.ts';
import { createLinks } from './links.ts';
import { computeNode, type NodeContext } from './node.ts';
import { createRoomKeeper } from './rooms.ts';
import { createRowFeed } from './row-feed.ts';
import { createSearch } from './search.ts';
import type { WorkerShellOptions } from './shell-options.ts';
import { createTracing } from './tracing.ts';
import { mainTrack } from './worker-trace.ts';
import { createWorker } from './worker.ts';

/** Runs a worker until its run is over. @returns the exit code, and why */
export function runWorkerShell(options: WorkerShellOptions): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) => {
    const shell = createShell(options, (code, reason) => {
      void shell.close().then(() => resolve({ code, reason }));
    });
  });
}

function createShell(options: WorkerShellOptions, onExit: (code: number, reason: string) => void) {
  const { clock, log } = options;
  const worker = createWorker({ type: 'hello', protocol: protocolVersion, ...options.identity });
  const rooms = createRoomKeeper();
  const findProblem = createCopyCheck();
  let equipment: Equipment | null = null;
  let covariance: Float64Array | null = null;
  let queue: Promise<void> = Promise.resolve();
  let closed = false;
  let phase = 'getting ready'; // then waiting, or the kind of task that is computed
  let wantedRun: Welcome | null = null; // to be built, or built
  let epoch = 0; // the coordinator's incarnation, from its welcome on
  const tracing = createTracing(clock, (message) => links.send(0, encodeControl(epoch, message)));

  const search = createSearch(clock, options.coordinatorTimeoutMs, (reason) =>
    exit(exitCodes.peerLost, reason),
  );
  const feed = createRowFeed({
    ...worker.rows,
    onTaken: (key) => dispatch({ type: 'taken', key }),
    onWaited: (...times) => tracing.trace?.span(mainTrack, 'wait for rows', ...times),
    nowMs: () => clock.nowMs(),
  });
  const links = createLinks({
    ...options,
    onConnected: (link) => dispatch({ type: 'connected', link }),
    onLost(reason) {
      log(`${reason}; trying again`);
      rooms.forgetTask();
      search.begin();
      dispatch({ type: 'lost' });
    },
    onFrames,
  });

  function onFrames(link: number, frames: Frames): void {
    try {
      if (isControl(frames)) return onControl(link, frames);
      const beganMs = tracing.trace?.nowMs() ?? 0;
      const frame = decodeFrame(frames, { epoch, values: (header) => worker.expect(header) });
      dispatch({ type: 'frame', link, frame });
      tracing.trace?.received(frame, beganMs);
    } catch (error) {
      if (error instanceof ProtocolError)
        exit(exitCodes.peerLost, `the ${link === 0 ? 'coordinator' : 'reducer'} ${error.message}`);
      else fail(error);
    }
  }

  function onControl(link: number, frames: Frames): void {
    const { epoch: from, message } = decodeCoordinatorMessage(frames);
    if (message.type === 'welcome') {
      search.end();
      epoch = from;
    }
    if (message.type !== 'refuse' && from !== epoch) return; // an incarnation that is gone
    if (message.type === 'clock') return tracing.answered(message);
    if (message.type === 'ping' && link === 0) answerPing();
    const known = message.type === 'welcome' ? tracing.welcome(message) : message;
    dispatch({ type: 'message', link, message: known });
  }

  /** Each second: that this process is alive, what it is about, and how much memory it has. */
  function answerPing(): void {
    tracing.ask();
    const residentBytes = process.memoryUsage.rss();
    const doing = feed.isWaiting ? `${phase}, waiting for rows` : phase;
    links.send(0, encodeControl(epoch, { type: 'progress', task: 0, phase: doing, residentBytes }));
  }

  function dispatch(event: WorkerEvent): void {
    if (closed) return;
    for (const effect of worker.handle(event)) carryOut(effect);
    feed.wake();
  }

  function carryOut(effect: WorkerEffect): void {
    switch (effect.type) {
      case 'send':
        if (effect.message.type === 'hello') tracing.greeting();
        return links.send(effect.to, encodeControl(epoch, effect.message));
      case 'sendFrame': {
        const beganMs = tracing.trace?.nowMs() ?? 0;
        links.send(effect.to, encodeFrame(effect.frame, epoch));
        return tracing.trace?.sent(effect.frame, beganMs);
      }
      case 'connect':
        return links.join(effect.endpoints);
      case 'exit':
        return exit(effect.code, effect.reason);
      case 'build':
        wantedRun = effect.welcome;
        return enqueue(() => build(effect.welcome));
      case 'install':
        return enqueue(() => install(effect));
      case 'compute':
        return enqueue(() => compute(effect));
      default:
        return effect satisfies never;
    }
  }

  function enqueue(job: () => Promise<void>): void {
    queue = queue.then(() => (closed ? undefined : job())).catch(fail);
  }

  async function build(welcome: Welcome): Promise<void> {
    equipment?.compute.dispose();
    rooms.clear();
    const beganMs = clock.nowMs();
    phase = 'getting ready';
    equipment = await options.equip(welcome, tracing.trace, (...wanted) => fetch(welcome, ...wanted));
    phase = 'waiting';
    if (equipment === null) return;
    tracing.trace?.span(mainTrack, 'open data and model', beganMs, clock.nowMs());
    feed.begin();
    dispatch({ type: 'built', welcome, ready: readyMessage(equipment), plan: planOf(equipment) });
  }

  async function fetch(run: Welcome, ...[wanted, use]: Parameters<FetchRows>): Promise<boolean> {
    const isOfUse = (): boolean => !closed && wantedRun === run;
    phase = 'copying the data';
    dispatch({ type: 'wanted', rows: wanted });
    for (const { key } of wanted) {
      const batch = await feed.take(key, isOfUse);
      if (batch === null) return false;
      use(batch);
    }
    return isOfUse();
  }

  async function install({ array, values }: Extract<WorkerEffect, { type: 'install' }>): Promise<void> {
    const { compute, data } = equipment!;
    const beganMs = clock.nowMs();
    if (array === 'parameters') {
      await compute.setParameters(values as Float32Array);
      const problem = await findProblem(compute, values as Float32Array);
      if (problem !== null) return startAnew(problem);
      dispatch({ type: 'installed', values });
    }
    if (array === 'basis')
      await compute.setBasis(decodeBasis(values as Float32Array, rowLength(data.training.about.shape)));
    if (array === 'statistics') await compute.setStatistics(values as Float32Array);
    if (array === 'covariance') covariance = values as Float64Array;
    tracing.trace?.installed(array, beganMs);
  }

  /** Has the coordinator end this connection; on the next one everything comes anew. */
  function startAnew(reason: string): void {
    log(reason);
    links.send(0, encodeControl(epoch, { type: 'failed', reason, exitCode: exitCodes.peerLost }));
    dispatch({ type: 'lost' });
  }

  async function compute({ task, node }: Extract<WorkerEffect, { type: 'compute' }>): Promise<void> {
    if (!worker.isCurrent(task)) return;
    const beganMs = clock.nowMs();
    const goOn = async (): Promise<boolean> => {
      tracing.flush();
      await nextTurn();
      return !closed && worker.isCurrent(task);
    };
    const batchOf = createBatches(equipment!, feed, () => !closed && worker.isCurrent(task));
    const room = tracing.rooms(rooms.roomsOf(task));
    const context: NodeContext = { ...equipment!, batchOf, covariance, rooms: room };
    phase = task.spec.kind;
    const result = await computeNode(context, task, node, goOn);
    phase = 'waiting';
    if (result === null) return;
    dispatch({ type: 'computed', task, node, result: { ...result, computeMs: clock.nowMs() - beganMs } });
    tracing.computed(task.spec.kind, node, beganMs);
  }

  function exit(code: number, reason: string): void {
    if (closed) return;
    tracing.flush();
    closed = true;
    search.end();
    feed.wake();
    const sent = feed.describe();
    if (sent !== null) log(sent);
    onExit(code, reason);
  }

  /** A failure of our own: tell the coordinator why, and leave. */
  function fail(error: unknown): void {
    const code = error instanceof LockstepError ? error.exitCode : exitCodes.runFailed;
    const reason = error instanceof Error ? error.message : String(error);
    if (!(error instanceof LockstepError) && error instanceof Error) log(error.stack ?? reason);
    links.send(0, encodeControl(epoch, { type: 'failed', reason: reason.slice(0, 2000), exitCode: code }));
    exit(code, reason);
  }

  return {
    async close(): Promise<void> {
      closed = true;
      feed.wake();
      await queue;
      equipment?.compute.dispose();
      await links.close();
    },
  };
}
