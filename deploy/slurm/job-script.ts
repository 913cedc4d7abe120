/**
 * The job script of a run, or of each trial of a sweep, as text.
 *
 * The coordinator runs beside the script, on the job's first node; srun starts a worker on each task. The script waits
 * for both, passes on Slurm's wish that the job end, and decides whether it goes back into the queue. All that differs
 * from run to run stands in its first lines; the rest is the same for all.
 */
import { shellLine } from '../sweep/words.ts';
import { jobBody } from './job-body.ts';
import { wordOf, type SbatchFlag } from './sbatch-flags.ts';

export interface JobSettings {
  readonly command: string; // that made it, for its reader
  readonly lockstep: readonly string[]; // words that start the command: node, and its file
  readonly folder: string; // that paths in the words are relative to
  readonly jobDir: string; // of what belongs to the job: log, keys, result
  readonly flags: readonly SbatchFlag[]; // given, and what they come to
  readonly gpusPerTask: string | null; // null: on CPUs
  readonly saveBeforeSeconds: number; // the time limit
  readonly variables: Readonly<Record<string, string | null>>; // settings of the run; null: not to be set
  readonly words: readonly string[]; // more of the coordinator, whether it begins or goes on
}

export interface RunJob extends JobSettings {
  readonly runDir: string;
  readonly begin: readonly string[]; // words of the coordinator where there is no run yet
  readonly again: readonly string[]; // where there is one
  readonly worker: readonly string[]; // words of each worker
}

export interface SweepJob extends JobSettings {
  readonly sweepDir: string;
  readonly trials: readonly number[]; // of the sweep, that are to be run: the array's indices
  readonly arrayLimit: number | null; // of them at a time
}

export function runScript(job: RunJob): string {
  const { jobDir, runDir, begin, again, worker } = job;
  return script(
    job,
    `${escaped(jobDir)}/%j.log`,
    [],
    [
      `run=${shellLine([runDir])}`,
      `job=${shellLine([jobDir])} # its log, result and keys`,
      'name=run',
      `begin=(${shellLine([...begin, ...job.words])}) # where there is no run yet`,
      `again=(${shellLine([...again, ...job.words])}) # after a requeue`,
      `worker=(${shellLine(worker)})`,
    ],
  );
}

/** Of each trial the words stand in files, one a line, named by the trial. */
export function sweepScript(job: SweepJob): string {
  const { jobDir, sweepDir, trials, arrayLimit, words } = job;
  const array = `${trials.join(',')}${arrayLimit === null ? '' : `%${arrayLimit}`}`;
  const more = words.length === 0 ? '' : ` ${shellLine(words)}`;
  return script(
    job,
    `${escaped(jobDir)}/%A_%a.log`,
    [{ name: 'array', value: array }],
    [
      `sweep=${shellLine([sweepDir])}`,
      `job=${shellLine([jobDir])} # logs, results and keys`,
      'name=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" "$job/trials") # of this trial',
      'run=$sweep/$name',
      'mapfile -t begin <"$job/$name.begin"',
      ...(more === '' ? [] : [`begin+=(${shellLine(words)})`]),
      `again=(--resume "$run"${more}) # after a requeue`,
      'mapfile -t worker <"$job/$name.worker"',
      'exec >>"$sweep/logs/$name.log" 2>&1',
    ],
  );
}

/** Of the small job that comes after a sweep's: one page of what its trials came to. */
export function reportScript(job: SweepJob, flags: readonly SbatchFlag[]): string {
  const lines = [
    '#!/usr/bin/env bash',
    `# The report of a sweep, after its trials. Written by`,
    `#   ${job.command}`,
    ...directives([
      { name: 'job-name', value: 'lockstep-report' },
      { name: 'output', value: `${escaped(job.jobDir)}/report-%j.log` },
      { name: 'chdir', value: job.folder },
      { name: 'ntasks', value: '1' },
      ...flags,
    ]),
    'set -euo pipefail',
    '',
    `exec ${shellLine([...job.lockstep, 'report', job.sweepDir])}`,
  ];
  return `${lines.join('\n')}\n`;
}

function script(
  job: JobSettings,
  log: string,
  more: readonly SbatchFlag[],
  settings: readonly string[],
): string {
  const given = new Set(job.flags.map(({ name }) => name));
  const goesBack = !given.has('no-requeue');
  const defaults: SbatchFlag[] = [
    { name: 'job-name', value: 'lockstep' },
    { name: 'output', value: log },
  ];
  const flags: SbatchFlag[] = [
    ...defaults.filter(({ name }) => !given.has(name)),
    { name: 'chdir', value: job.folder },
    { name: 'open-mode', value: 'append' },
    ...(given.has('no-kill') ? [] : [{ name: 'no-kill', value: null }]),
    ...(goesBack && !given.has('requeue') ? [{ name: 'requeue', value: null }] : []),
    { name: 'signal', value: `B:TERM@${job.saveBeforeSeconds}` },
    ...more,
    ...job.flags,
  ];
  const lines = [
    '#!/usr/bin/env bash',
    '# A run of lockstep on Slurm. Submitted again, by sbatch, it goes on where the run is. Written by',
    `#   ${job.command}`,
    ...directives(flags),
    'set -euo pipefail',
    '',
    ...Object.entries(job.variables).map(([name, value]) =>
      value === null ? `unset ${name}` : `export ${name}=${shellLine([value])}`,
    ),
    `lockstep=(${shellLine(job.lockstep)})`,
    ...settings,
    `resources=(${job.gpusPerTask === null ? '' : `--gpus-per-task=${job.gpusPerTask}`}) # of each worker`,
    `goes_back=${goesBack ? 'yes' : 'no'} # into the queue, before the time limit and after a failure that may pass`,
    '',
    jobBody.trim(),
  ];
  return `${lines.join('\n')}\n`;
}

const directives = (flags: readonly SbatchFlag[]): string[] => flags.map((flag) => `#SBATCH ${wordOf(flag)}`);

/** Slurm puts values in for %j and the like. */
const escaped = (path: string): string => path.replaceAll('%', '%%');
