/**
 * What a coordinator shows of its run to others: metrics for Prometheus, how it is found, and the live page.
 *
 * It looks on: it is told what the screen is told, and sees events and bytes pass by. Nothing of it is needed for
 * training; unless a port was asked for, a run without a free one goes on unseen.
 */
import { hostname } from 'node:os';
import { basename, resolve } from 'node:path';
import type { Clock } from '../../shared/runtime/clock.ts';
import { serveHttp, type HttpAddress, type HttpServer } from '../../shared/runtime/http-server.ts';
import { addProcessMetrics } from '../../shared/runtime/metrics.ts';
import type { Cluster } from '../cluster.ts';
import type { Coordinator } from '../coordinator.ts';
import type { EvaluationRecord, StepRecord } from '../journal.ts';
import type { RunFolder } from '../run/run-folder.ts';
import { announce, type Announcement } from './announcing.ts';
import { metered, observed, type Bind } from './observed.ts';
import { createRankBoard, type RankView } from './ranks.ts';
import { createRunMetrics } from './run-metrics.ts';
import { createShowing } from './showing.ts';
import { createStory } from './story.ts';
import type { RunWatcher } from './watchers.ts';

/** What was asked for. */
export interface ServingRequest {
  readonly address: HttpAddress | null; // null: no live page, and no metrics
  readonly targetsFolder: string | null; // of Prometheus's target files
  readonly lingerSeconds: number; // for which the last figures can be read after the end
}

/** Nobody looks. */
export const unseen: ServingRequest = { address: null, targetsFolder: null, lingerSeconds: 0 };

export interface ServingOptions {
  readonly request: ServingRequest;
  readonly folder: Pick<RunFolder, 'path' | 'runId' | 'pictures'>;
  readonly batchSize: number;
  readonly microBatchSize: number;
  readonly expectedWorkers: number;
  readonly reducers: number; // that share the exchange; 1: the coordinator alone
  readonly version: string;
  readonly clock: Clock;
  readonly writeErrors: () => number; // to the run folder
  readonly onProblem: (message: string) => void;
}

export interface Serving {
  readonly pageUrl: string | null; // null where there is no port
  readonly port: number | null;
  readonly notices: readonly string[]; // to be told at the start of the run
  readonly watchers: readonly RunWatcher[];
  /** Steps and evaluations of earlier sittings. */
  remember(steps: readonly StepRecord[], evaluations: readonly EvaluationRecord[]): void;
  /** The machine, looked at. */
  watch<T>(coordinator: Coordinator<T>, cluster: Pick<Cluster, 'members'>): Coordinator<T>;
  /** The way to a hub, its bytes counted. */
  metered(bind: Bind): Bind;
  offence(kind: string): void;
  /** Workers can join. */
  ready(): void;
  /** The run is over: lingers, if that was asked for. @param failure why it ended badly, if it did */
  end(how: string, failure?: string): Promise<void>;
  /** No lingering, now or later. */
  hurry(): void;
  close(): Promise<void>;
}

/** @throws LockstepError (69) when the port that was asked for cannot be had */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const { clock, folder, request, onProblem } = options;
  const nowMs = (): number => clock.nowMs();
  const wallSeconds = (): number => clock.wallTime().getTime() / 1000;
  const began = wallSeconds() - process.uptime();
  let members: Cluster['members'] | null = null;
  let lastRanks: readonly RankView[] | null = null; // once the run is over
  let isReady = false;
  let isHurried = false;
  let leave = (): void => {};
  const board = createRankBoard(() => members, nowMs);
  const story = createStory(basename(folder.path), nowMs, wallSeconds);
  const metrics = createRunMetrics({
    ...options,
    info: infoOf(options),
    folder: folder.path,
    ranks: () => (lastRanks === null ? board.views() : []), // nobody misses the workers of a run that is over
    wallSeconds,
  });
  addProcessMetrics(metrics.metrics, began);
  const onFailure = (error: unknown): void => onProblem(`the page could not be served: ${messageOf(error)}`);
  const showing = createShowing({
    clock,
    runDir: folder.path,
    pictures: folder.pictures,
    story,
    ranks: () => lastRanks ?? board.views(),
    metrics: metrics.metrics,
    targets: () => announcement?.targets() ?? [],
    onFailure,
  });
  const server = await openServer(options, { route: showing.route, isReady: () => isReady, onFailure });
  const announcement = server === null ? null : announceRun(options, server);
  return {
    pageUrl: server === null ? null : `http://${addressOf(server)}/`,
    port: server?.port ?? null,
    notices: server === null || request.address?.token === null ? [] : [tokenNotice],
    watchers: server === null ? [] : [{ notice: (notice) => board.notice(notice) }, story, metrics],
    remember: (steps, evaluations) => story.remember(steps, evaluations),
    watch(coordinator, cluster) {
      members = cluster.members;
      return server === null ? coordinator : observed(coordinator, (event) => board.event(event));
    },
    metered: (bind) => (server === null ? bind : metered(bind, metrics.bytes)),
    offence: (kind) => metrics.offence(kind),
    ready: () => void (isReady = true),
    async end(how, failure) {
      lastRanks = board.views();
      story.ended(how, failure);
      metrics.ended();
      const { lingerSeconds } = request;
      if (lingerSeconds === 0 || server === null || isHurried) return;
      if (failure !== undefined)
        onProblem(`the run has failed: ${failure}; its last figures are served for ${lingerSeconds} s`);
      await new Promise<void>((resolve) => {
        leave = resolve;
        clock.after(lingerSeconds * 1000, resolve);
      });
    },
    hurry() {
      isHurried = true;
      leave();
    },
    async close() {
      announcement?.withdraw();
      await showing.close();
      await server?.close();
    },
  };
}

const tokenNotice = 'the live page asks for its token once: add ?token=TOKEN to the address';

const infoOf = ({ folder, batchSize, microBatchSize, version }: ServingOptions) => ({
  run_id: folder.runId,
  batch_size: batchSize,
  micro_batch_size: microBatchSize,
  version,
});

/** @returns null where no port is free and none was asked for */
async function openServer(
  { request: { address }, onProblem }: ServingOptions,
  serving: Omit<Parameters<typeof serveHttp>[0], 'address'>,
): Promise<HttpServer | null> {
  if (address === null) return null;
  try {
    return await serveHttp({ address, ...serving });
  } catch (error) {
    if (address.port !== null) throw error;
    onProblem(`no live page and no metrics: ${messageOf(error)}`);
    return null;
  }
}

function announceRun(options: ServingOptions, server: HttpServer): Announcement {
  const { folder, request, onProblem } = options;
  return announce({
    folder: request.targetsFolder,
    target: {
      address: addressOf(server),
      runId: folder.runId,
      run: basename(folder.path),
      folder: resolve(folder.path),
      host: hostname(),
      pid: process.pid,
    },
    onProblem,
  });
}

/** Whoever listens on every address is reached by name. */
function addressOf({ host, port }: HttpServer): string {
  if (host === '0.0.0.0' || host === '::') return `${hostname()}:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
