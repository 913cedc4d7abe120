/** The flags that `train` and `coordinator` share, and the request that they come to. */
import type { Argv } from 'yargs';
import {
  addConfigFlags,
  configFromArguments,
  textFlag,
  withAbsolutePaths,
  withModelModule,
  type Arguments,
} from './config-flags.ts';
import { addHttpFlags, httpFlagsOf } from './http-flags.ts';
import { traceFileOf } from './trace-file.ts';
import type { TrainRequest } from './train-request.ts';
import type { Environment } from '../../shared/runtime/environment.ts';
import { usageError } from '../../shared/errors.ts';

const run = { group: 'Run:' } as const;

export function addTrainFlags<T>(yargs: Argv<T>): Argv<T> {
  addConfigFlags(yargs)
    .option('run-dir', {
      ...run,
      describe: 'folder of the run, new or empty',
      defaultDescription: 'a new one in runs/',
    })
    .option('resume', { ...run, describe: 'run folder: go on from its last checkpoint' })
    .option('init-from', { ...run, describe: 'checkpoint: begin with its parameters' })
    .option('port', {
      ...run,
      describe: 'on which workers connect',
      defaultDescription: 'the first free one from 5770',
    })
    .option('json', { ...run, type: 'boolean', describe: 'end with one JSON object on standard output' })
    .option('trace', {
      ...run,
      describe:
        'file: what every rank does when, for ui.perfetto.dev; replaced, some hundred kB a step. A coordinator ' +
        'that is started again after a crash writes a second one, FILE-2',
    })
    .option('quiet', { ...run, type: 'boolean', describe: 'no progress, only warnings' });
  addHttpFlags(yargs);
  return yargs;
}

/** @param argv the flags as they were given. @throws LockstepError as `configFromArguments` */
export function trainRequestOf(
  given: Arguments,
  environment: Environment,
  argv: readonly string[],
): TrainRequest {
  return {
    ...withModelModule(
      withAbsolutePaths(configFromArguments(given, environment), process.cwd()),
      process.cwd(),
    ),
    runDir: textFlag(given, 'run-dir'),
    resume: textFlag(given, 'resume'),
    initFrom: textFlag(given, 'init-from'),
    trace: traceFileOf(textFlag(given, 'trace')),
    port: portOf(textFlag(given, 'port')),
    http: httpFlagsOf(given),
    json: given['json'] === true,
    quiet: given['quiet'] === true,
    argv,
  };
}

function portOf(text: string | null): number | null {
  if (text === null) return null;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw usageError(`--port got ${JSON.stringify(text)}, expected a port from 0 (any) to 65535`);
}
