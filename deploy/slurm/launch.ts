/**
 * `lockstep launch --slurm`: writes the job script of a run or a sweep into its folder, and submits it.
 *
 * Everything that can be wrong with the flags is said here, before anything waits in a queue.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { launchFolder } from '../../coordinator/run/run-folder.ts';
import { usageError } from '../../shared/errors.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { newRunFolder } from '../cli/folders.ts';
import { httpWords } from '../cli/http-flags.ts';
import { readCommandLine } from '../cli/parser.ts';
import { trainRequestOf } from '../cli/train-flags.ts';
import type { TrainRequest } from '../cli/train-request.ts';
import { packageVersion } from '../cli/version.ts';
import { shellLine } from '../sweep/words.ts';
import { runScript, type RunJob } from './job-script.ts';
import { resourcesOf, type Resources } from './resources.ts';
import { readSlurmWords, type SlurmWords } from './sbatch-flags.ts';
import { checkNoneWaits, jobSettings, workerWords } from './settings.ts';
import { jobIdFile, sayResources, submit } from './submit.ts';
import { launchSweep } from './sweep.ts';
import { withoutFlags } from './words.ts';

/**
 * @param words after `launch`, as they were given
 * @returns the exit code, once the job is submitted; with --wait, the job's own
 * @throws LockstepError 64 for flags, 69 where there is no Slurm
 */
export async function launchOnSlurm(
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  const slurm = readSlurmWords(words);
  const given = await readCommandLine(slurm.command, packageVersion());
  if (given === null) return 0; // help was asked for
  if (slurm.command[0] === 'sweep') return launchSweep(slurm, given, words, environment);
  if (given['printConfig'] === true)
    throw usageError('--print-config starts nothing: give it to lockstep train, without launch --slurm');
  const request = trainRequestOf(given, environment, slurm.command.slice(1));
  const resources = resourcesOf(slurm.flags, request.config);
  const runDir = resolve(request.resume ?? request.runDir ?? newFolder(request));
  if (request.resume === null) checkEmpty(runDir);
  const job = runJob(request, runDir, resources, slurm, jobSettings(slurm, words, environment));
  const script = runScript(job);
  if (slurm.print) {
    process.stdout.write(script);
    return 0;
  }
  checkNoneWaits(job.jobDir, environment);
  mkdirSync(job.jobDir, { recursive: true });
  const path = join(job.jobDir, 'job.sh');
  writeFileSync(path, script, { mode: 0o755 });
  return submit({
    script: path,
    words: [],
    jobDir: job.jobDir,
    idFile: jobIdFile,
    environment,
    say(id) {
      process.stdout.write(`${id}\n`);
      process.stderr.write(
        `lockstep: job ${id} is in the queue: ${sayResources(resources)}\n` +
          `lockstep: run     ${runDir}\n` +
          `lockstep: script  ${path}\n` +
          `lockstep: log     tail -F ${shellLine([join(job.jobDir, `${id}.log`)])}\n` +
          `lockstep: stop    scancel ${id}, which saves a checkpoint\n`,
      );
    },
  });
}

const newFolder = ({ preset, config }: TrainRequest): string =>
  newRunFolder(systemClock.wallTime().toISOString(), preset ?? config.model);

function runJob(
  request: TrainRequest,
  runDir: string,
  { flags, gpusPerTask }: Resources,
  slurm: SlurmWords,
  settings: ReturnType<typeof jobSettings>,
): RunJob {
  const own = withoutFlags(request.argv, ['run-dir', 'resume', 'workers'], ['json']);
  const goOn = ['--resume', runDir];
  const again = [...goOn, ...httpWords(request.http, null), ...(request.quiet ? ['--quiet'] : [])];
  return {
    ...settings,
    jobDir: join(runDir, launchFolder),
    flags,
    gpusPerTask,
    words: [],
    runDir,
    begin: request.resume === null ? [...own, '--run-dir', runDir] : [...goOn, ...own],
    again: request.resume === null ? again : [...goOn, ...own],
    worker: workerWords(request.config, gpusPerTask !== null, slurm),
  };
}

function checkEmpty(runDir: string): void {
  if (!existsSync(runDir) || readdirSync(runDir).every((name) => name === launchFolder)) return;
  throw usageError(
    `--run-dir ${runDir} is not empty: go on with that run by --resume ${runDir}, or name another folder`,
  );
}
