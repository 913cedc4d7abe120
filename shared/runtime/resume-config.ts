/**
 * The configuration of a run that goes on: what it was begun with, but for settings that leave every bit of the
 * model as it would have been.
 *
 * A run may be lengthened. A schedule with a horizon then keeps the old one, since steps that were taken already
 * followed it; `--schedule-steps` says otherwise.
 *
 * The environment is ambient, and was there when the run's own flags won over it, so here it only decides what
 * leaves the bits alone; the rest of it is told, and ignored. That lets a run be resumed where it was begun.
 */
import { LockstepError } from '../errors.ts';
import { checkConfig } from './config-checks.ts';
import { configFieldNames, type Config, type ConfigField } from './config.ts';
import type { Setting } from './load-config.ts';
import { everyField, exitCodeOf, sayPlainly, sayValue, type Source, type Sources } from './sources.ts';

/** Who computes, how much is kept, and how often it is looked at. */
const harmlessFields: readonly ConfigField[] = [
  'data', // may lie elsewhere now: the checkpoint knows its hash
  'testData',
  'workers',
  'reducers',
  'minWorkers',
  'terminationGraceSeconds',
  'allowCpu',
  'requireIdentical',
  'maxSeconds',
  'evaluateEvery',
  'pictureEvery',
  'checkpointEvery',
  'keepCheckpoints',
  'scheduleSteps',
];

export interface ResumedConfig {
  readonly config: Config;
  readonly sources: Sources; // those of the run's own configuration count as its file's
  readonly notices: readonly string[];
}

/**
 * @param saved of the run that goes on
 * @param said what flags, environment and file say now
 * @param name of the file that holds the saved configuration
 * @throws LockstepError 64 or 78 for a setting that would change the run, or make it shorter
 */
export function resumeConfig(
  saved: Config,
  said: ReadonlyMap<ConfigField, Setting>,
  name: string,
): ResumedConfig {
  const config: Record<string, unknown> = { ...saved };
  const sources: Record<ConfigField, Source> = everyField(configFieldNames, () => ({ kind: 'file', name }));
  const notices: string[] = [];
  for (const [field, setting] of said) {
    if (isSame(setting.value, saved[field])) continue;
    const isHarmless = harmlessFields.includes(field) || (field === 'model' && saved.modelHash !== null);
    if (setting.source.kind === 'environment' && !isHarmless) {
      notices.push(
        `${sayValue(field, setting.value, setting.source)} is ignored: ${begunWith(saved[field])}`,
      );
      continue;
    }
    if (field === 'epochs' || field === 'steps') checkLength(saved, field, setting);
    else if (!isHarmless) throw changed(field, saved[field], setting);
    config[field] = setting.value;
    sources[field] = setting.source;
  }
  displaceOtherLength(config, said);
  const resumed = { config: config as Config, sources, notices };
  checkConfig(resumed);
  return resumed;
}

/**
 * Keeps the horizon of the schedule, now that the number of steps of an epoch is known.
 * @throws LockstepError (64) when the run would be shorter than it was to be
 */
export function keepHorizon(
  config: Config,
  saved: Config,
  stepsOfEpochs: (epochs: number) => number,
): Config {
  const stepsOf = ({ steps, epochs }: Config): number => steps ?? stepsOfEpochs(epochs ?? 1);
  const [before, now] = [stepsOf(saved), stepsOf(config)];
  if (now < before) {
    const message = `the run would end at step ${now}, but was begun for ${before} steps; ask for at least as many`;
    throw new LockstepError(message, exitCodeOf({ kind: 'flag' }));
  }
  return { ...config, scheduleSteps: config.scheduleSteps ?? (now === before ? null : before) };
}

/** Steps instead of epochs, or the other way round: how many these are is not known before the data is. */
function displaceOtherLength(config: Record<string, unknown>, said: ReadonlyMap<ConfigField, Setting>): void {
  const isSaid = (field: ConfigField): boolean => {
    const setting = said.get(field);
    return (setting?.value ?? null) !== null && setting?.source.kind !== 'environment';
  };
  const [epochs, steps] = [isSaid('epochs'), isSaid('steps')];
  if (epochs && steps) {
    const sources = [said.get('epochs')!.source, said.get('steps')!.source];
    throw new LockstepError(
      'epochs and steps are both set, expected one: leave one out',
      exitCodeOf(...sources),
    );
  }
  if (epochs) config['steps'] = null;
  if (steps) config['epochs'] = null;
}

function checkLength(saved: Config, field: 'epochs' | 'steps', { value, source }: Setting): void {
  const before = saved[field];
  if (before === null || value === null || Number(value) >= before) return;
  const message = `${sayValue(field, value, source)}: ${begunWith(before)}, and may only be lengthened`;
  throw new LockstepError(message, exitCodeOf(source));
}

function changed(field: ConfigField, before: unknown, { value, source }: Setting): LockstepError {
  const message =
    `${sayValue(field, value, source)}: ${begunWith(before)}, and would become another ` +
    'one: leave it out, or start a new run';
  return new LockstepError(message, exitCodeOf(source));
}

const begunWith = (value: unknown): string => `the run was begun with ${sayPlainly(value)}`;

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
