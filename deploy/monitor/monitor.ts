/**
 * `lockstep monitor`: a Prometheus for the runs of this box, with the committed rules and alerts, in the foreground.
 *
 * It finds runs by their target files, those that begin later too, so it may be started first, and stay.
 */
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { folderLabel, readTargets } from '../../coordinator/serving/targets.ts';
import { usageError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import { readTokenFile } from '../../shared/runtime/http-access.ts';
import { plural } from '../../shared/text.ts';
import { configurationOf, type Whereabouts } from './configuration.ts';
import { startPrometheus } from './prometheus.ts';

export interface MonitorRequest {
  readonly dir: string | null; // a run, or a folder with runs; null for all
  readonly port: number | null;
  readonly targetsFolder: string;
  readonly tokenFile: string | null;
  readonly dataFolder: string; // of Prometheus
}

const deployFolder = resolve(import.meta.dirname, '..');
const rulesFolder = join(deployFolder, 'prometheus');
const grafanaFolder = join(deployFolder, 'grafana');

/**
 * @param say a line for people
 * @returns the exit code, once Prometheus has ended
 * @throws LockstepError 64 for a folder or token file that is not there, 69 when there is no Prometheus
 */
export async function monitor(
  request: MonitorRequest,
  clock: Clock,
  say: (line: string) => void,
): Promise<number> {
  const where = whereaboutsOf(request);
  mkdirSync(where.targetsFolder, { recursive: true });
  const prometheus = await startPrometheus({
    program: 'prometheus',
    configuration: configurationOf(readFileSync(join(rulesFolder, 'prometheus.yml'), 'utf8'), where),
    folder: request.dataFolder,
    port: request.port,
    clock,
  });
  process.on('SIGINT', prometheus.stop).on('SIGTERM', prometheus.stop);
  for (const line of opening(where, prometheus.url, request.dataFolder)) say(line);
  return prometheus.exited;
}

function whereaboutsOf({ dir, targetsFolder, tokenFile }: MonitorRequest): Whereabouts {
  const runsFolder = dir === null ? null : resolve(dir);
  if (runsFolder !== null && !statSync(runsFolder, { throwIfNoEntry: false })?.isDirectory())
    throw usageError(
      `monitor got ${dir}, which is no folder: expected that of a run, or one with runs in it`,
    );
  if (tokenFile !== null) {
    if (!existsSync(tokenFile))
      throw usageError(`--http-token-file ${tokenFile} is not there: name the one that the runs were given`);
    readTokenFile(tokenFile);
  }
  return {
    rulesFolder,
    targetsFolder: resolve(targetsFolder),
    runsFolder,
    tokenFile: tokenFile === null ? null : resolve(tokenFile),
  };
}

const firstLook = `/graph?${new URLSearchParams({
  'g0.expr': 'batch:lockstep_samples:rate30s',
  'g0.tab': '0',
  'g0.range_input': '15m',
}).toString()}`;

/** What runs, where to look, and how to see the dashboards. */
function opening({ targetsFolder, runsFolder }: Whereabouts, url: string, dataFolder: string): string[] {
  const runs = readTargets(targetsFolder)
    .filter(({ labels }) => runsFolder === null || `${labels[folderLabel]}/`.startsWith(`${runsFolder}/`))
    .map(({ labels }) => basename(labels['run'] ?? ''));
  const scope = runsFolder === null ? 'every run of this box' : `runs in ${runsFolder}`;
  const found = runs.length === 0 ? 'none yet' : `${plural(runs.length, 'run')} now: ${runs.join(', ')}`;
  return [
    `watching     ${scope}; ${found}; others as they begin`,
    `samples/s    ${url}${firstLook}`,
    `alerts       ${url}/alerts`,
    `dashboards   with Grafana: LOCKSTEP_PROMETHEUS=${url} LOCKSTEP_DASHBOARDS=${grafanaFolder}/dashboards ` +
      `GF_PATHS_PROVISIONING=${grafanaFolder}/provisioning grafana server`,
    `             with a Grafana that runs: add ${url} as a Prometheus data source, import ${grafanaFolder}/dashboards/*.json`,
    `kept         in ${dataFolder}, for 30 days; Ctrl-C ends it`,
  ];
}
