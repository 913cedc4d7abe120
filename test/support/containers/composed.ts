/** The real compose.yaml with the override for CPUs, in a folder of one test, as its user would start it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RunSummary } from '../../../coordinator/summary.ts';
import { until } from '../lockstep.ts';
import type { Engine } from './engine.ts';
import { testImage } from './images.ts';

const container = resolve(import.meta.dirname, '../../../deploy/container');
const owner = '1000:1000';

export interface Composed {
  readonly runDir: string;
  /** docker compose with the files and variables of this project. */
  compose(...words: string[]): string;
  /** Ids of the containers of a service, in the order of their numbers. */
  containers(service: string): string[];
  /** What docker inspect says of a container. @param format a Go template */
  inspect(id: string, format: string): string;
  /** Waits until the coordinator ended. @returns its summary. @throws with the log of all when it failed */
  summary(): Promise<RunSummary>;
}

/**
 * Makes keys and a token, and starts coordinator and workers.
 * @param settings the run, as a configuration file
 */
export function startComposed(
  engine: Engine,
  folder: string,
  settings: string,
  {
    workers,
    image = testImage,
    services = [],
    variables = {},
  }: { workers: number; image?: string; services?: readonly string[]; variables?: NodeJS.ProcessEnv },
): Composed {
  const [secrets, runs, data] = ['secrets', 'runs', 'data'].map((name) => join(folder, name));
  for (const path of [secrets!, runs!, data!]) mkdirSync(path, { recursive: true });
  writeFileSync(join(folder, 'run.yaml'), settings);
  writeFileSync(join(secrets!, 'http-token'), 'a-token-of-24-characters\n', { mode: 0o600 });
  spawnSync('chown', ['-R', owner, secrets!]);
  const keygen = ['keygen', '/secrets/connection.json', '--endpoint', 'tcp://coordinator:5770'];
  engine.docker(['run', '--rm', '-u', owner, '-v', `${secrets}:/secrets`, image, ...keygen]);
  const environment = {
    LOCKSTEP_IMAGE: image,
    LOCKSTEP_OWNER: owner,
    LOCKSTEP_WORKERS: String(workers),
    LOCKSTEP_RUNS_DIR: runs,
    LOCKSTEP_DATA_DIR: data,
    LOCKSTEP_SECRETS_DIR: secrets,
    LOCKSTEP_SETTINGS: join(folder, 'run.yaml'),
    ...variables,
  };
  const impatient = join(folder, 'impatient.yaml');
  writeFileSync(impatient, 'services: { coordinator: { healthcheck: { interval: 1s } } }\n');
  const files = [...['compose.yaml', 'compose.cpu.yaml'].map((name) => join(container, name)), impatient];
  const compose = (...words: string[]): string =>
    engine.compose([...files.flatMap((file) => ['-f', file]), ...words], { environment });
  const inspect = (id: string, format: string): string => engine.docker(['inspect', '-f', format, id]).trim();
  const containers = (service: string): string[] =>
    compose('ps', '-a', '-q', service).trim().split('\n').filter(Boolean);
  compose('up', '--detach', 'coordinator', 'worker', ...services);
  const [coordinator] = containers('coordinator');
  return {
    runDir: join(runs!, 'run'),
    compose,
    containers,
    inspect,
    async summary() {
      await until(
        () => inspect(coordinator!, '{{.State.Running}}') === 'false',
        () => compose('logs', '--no-color'),
        240_000,
      );
      if (inspect(coordinator!, '{{.State.ExitCode}}') !== '0')
        throw new Error(compose('logs', '--no-color'));
      const lines = readOutput(engine, coordinator!);
      return JSON.parse(lines.at(-1)!) as RunSummary;
    },
  };
}

/** Of stdout alone. */
const readOutput = (engine: Engine, id: string): string[] => engine.docker(['logs', id]).trim().split('\n');

/** The settings of a run that was made elsewhere, complete. */
export const settingsOf = (runDir: string): string => readFileSync(join(runDir, 'config.yaml'), 'utf8');
