/**
 * A sweep on Slurm: an array of jobs, one a trial, and a small one after them that writes the report.
 *
 * The sweep is planned here and written down as `lockstep sweep` would; each trial's words stand in files of the job
 * folder, one a line. Trials run apart from each other and write nothing but their own files: sweep.json is brought
 * up to date by whoever reports (collect.ts).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { claimNext } from '../../coordinator/run/owner.ts';
import { launchFolder } from '../../coordinator/run/run-folder.ts';
import { usageError } from '../../shared/errors.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { plural } from '../../shared/text.ts';
import type { Arguments } from '../cli/config-flags.ts';
import { httpFlagsOf, httpWords, servingRequestOf } from '../cli/http-flags.ts';
import { openingLines } from '../sweep/opening.ts';
import { readRequest } from '../sweep/request.ts';
import { isSweepFolder, writeSweepFile, type SweepFile } from '../sweep/sweep-file.ts';
import { settingsIn, shellLine, trainWords } from '../sweep/words.ts';
import { withResults } from './collect.ts';
import { reportScript, sweepScript, type SweepJob } from './job-script.ts';
import { checkNoneWaits, jobSettings, workerWords } from './settings.ts';
import { resourcesOf, type Resources } from './resources.ts';
import type { SbatchFlag, SlurmWords } from './sbatch-flags.ts';
import { jobIdFile, sayResources, submit } from './submit.ts';
import { withoutFlags } from './words.ts';

/** @param words after `launch`. @returns the exit code. @throws LockstepError as `launchOnSlurm` */
export async function launchSweep(
  slurm: SlurmWords,
  given: Arguments,
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  if (given['dryRun'] === true)
    throw usageError('--dry-run starts nothing: give it to lockstep sweep, without launch --slurm');
  const http = httpFlagsOf(given);
  servingRequestOf(http); // refused before anything is written
  const requested = readRequest(given, {
    environment,
    words: ['launch', shellLine(words)],
    now: systemClock.wallTime().toISOString(),
  });
  const { dir } = requested;
  const known = isSweepFolder(dir) ? withResults(dir, requested.sweep) : requested.sweep;
  const sweep = { ...known, sharpness: false }; // jobs train, and measure nothing
  const trials = leftOf(sweep, given['retryFailed'] === true);
  const resources = resourcesOf(slurm.flags, demandsOf(sweep));
  const job: SweepJob = {
    ...jobSettings(slurm, words, environment),
    variables: Object.fromEntries(Object.keys(settingsIn(environment)).map((name) => [name, null])), // taken in
    jobDir: join(dir, launchFolder),
    flags: resources.flags,
    gpusPerTask: resources.gpusPerTask,
    words: [...httpWords(http, null), ...(given['quiet'] === true ? ['--quiet'] : [])],
    sweepDir: dir,
    trials,
    arrayLimit: slurm.arrayLimit,
  };
  if (slurm.print) {
    process.stdout.write(sweepScript(job));
    return 0;
  }
  if (trials.length === 0) {
    process.stderr.write(`lockstep: all trials are finished: npx lockstep report ${shellLine([dir])}\n`);
    return 0;
  }
  checkNoneWaits(job.jobDir, environment);
  for (const line of openingLines({ ...requested, sweep })) process.stderr.write(`${line}\n`);
  writeJob(job, sweep, resources, slurm);
  return submitBoth(job, resources, slurm.flags, environment);
}

/** Indices of trials that have not made their own end. */
const leftOf = ({ trials }: SweepFile, retryFailed: boolean): number[] =>
  trials.flatMap(({ state }, index) =>
    state === 'finished' || (state === 'failed' && !retryFailed) ? [] : [index],
  );

/** All jobs of an array ask for the same. @throws LockstepError (64) where trials differ in what they need */
function demandsOf({ plans }: SweepFile) {
  const { workers, runtime, threads, allowCpu } = plans[0]!.config;
  for (const field of ['workers', 'runtime', 'allowCpu', 'threads'] as const) {
    if (plans.every(({ config }) => config[field] === plans[0]!.config[field])) continue;
    throw usageError(
      `trials that differ in ${field} need different jobs, and an array has one kind: launch a sweep for each value`,
    );
  }
  return { workers, runtime, threads, allowCpu };
}

/** Everything that the jobs read. */
function writeJob(job: SweepJob, sweep: SweepFile, { gpusPerTask }: Resources, slurm: SlurmWords): void {
  const { jobDir, sweepDir } = job;
  mkdirSync(jobDir, { recursive: true });
  mkdirSync(join(sweepDir, 'logs'), { recursive: true });
  claimNext(sweepDir, {
    host: hostname(),
    pid: process.pid,
    startedAt: systemClock.wallTime().toISOString(),
  });
  const write = (name: string, words: readonly string[]): void => {
    const broken = words.find((word) => word.includes('\n'));
    if (broken !== undefined)
      throw usageError(`${JSON.stringify(broken)} has several lines, expected a value of one`);
    writeFileSync(join(jobDir, name), words.map((word) => `${word}\n`).join(''));
  };
  write(
    'trials',
    sweep.plans.map(({ name }) => name),
  );
  for (const { name, preset, config } of sweep.plans) {
    const words = withoutFlags(trainWords(preset, config), ['workers'], []);
    write(`${name}.begin`, [...words, '--run-dir', join(sweepDir, name)]);
    write(`${name}.worker`, workerWords(config, gpusPerTask !== null, slurm));
  }
  writeFileSync(join(jobDir, 'job.sh'), sweepScript(job), { mode: 0o755 });
  writeFileSync(join(jobDir, 'report.sh'), reportScript(job, where(slurm.flags)), { mode: 0o755 });
  writeSweepFile(sweepDir, sweep);
}

/** Of the options given, those that say where a job may run and who pays for it. */
const where = (flags: readonly SbatchFlag[]): SbatchFlag[] =>
  flags.filter(({ name }) => ['partition', 'account', 'qos', 'clusters', 'reservation'].includes(name));

async function submitBoth(
  job: SweepJob,
  resources: Resources,
  given: readonly SbatchFlag[],
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  const { jobDir, sweepDir, trials } = job;
  let array = '';
  const common = { jobDir, environment };
  const waits = given.some(({ name }) => name === 'wait');
  const script = join(jobDir, 'job.sh');
  const report = (): Promise<number> =>
    submit({
      ...common,
      script: join(jobDir, 'report.sh'),
      words: [`--dependency=afterany:${array}`, ...(waits ? ['--wait'] : [])],
      idFile: 'report-id',
      say: (id) =>
        process.stderr.write(
          `lockstep: job ${id} follows, and writes the report\n` +
            `lockstep: stop    scancel ${array}, which saves checkpoints; go on by ` +
            `npx lockstep launch --slurm sweep --resume ${shellLine([sweepDir])}\n`,
        ),
    });
  const after: Promise<number>[] = [];
  const code = await submit({
    ...common,
    script,
    words: [],
    idFile: jobIdFile,
    say(id) {
      array = id;
      process.stdout.write(`${id}\n`);
      process.stderr.write(
        `lockstep: job ${id} is in the queue: ${plural(trials.length, 'trial')}, ` +
          `each of ${sayResources(resources)}\n` +
          `lockstep: logs    ${join(sweepDir, 'logs')}\n`,
      );
      after.push(report()); // at once: with --wait the array's own submission ends with it
    },
  });
  const [reported = 0] = await Promise.all(after);
  return code === 0 ? reported : code;
}
