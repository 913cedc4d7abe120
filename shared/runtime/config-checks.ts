/**
 * What must hold between settings: with each other, and then with the images.
 *
 * Each refusal says where the values came from, and its exit code follows: 64 when a flag has part in it, else
 * 78. Components that only a preset or the default asks for are fitted to small images; asked for by somebody,
 * they are refused.
 */
import { LockstepError } from '../errors.ts';
import { checkMicroBatchSize, defaultMicroBatchSize } from '../math/batch.ts';
import { varianceHeadOf } from '../model/vae/variants.ts';
import type { ConfigField } from './config.ts';
import { exitCodeOf, sayValue, type LoadedConfig } from './sources.ts';

/** What needs no data. @throws LockstepError 64 or 78 */
export function checkConfig(loaded: LoadedConfig): void {
  const { config } = loaded;
  attribute(loaded, ['batchSize', 'microBatchSize'], () => {
    if (config.microBatchSize === null) defaultMicroBatchSize(config.batchSize);
    else checkMicroBatchSize(config.batchSize, config.microBatchSize);
  });
  if (config.model === 'vae') {
    attribute(
      loaded,
      ['likelihood', 'varianceHead', 'components'],
      () => void varianceHeadOf(config, config.components === null),
    );
  }
  if (config.epochs === null && config.steps === null) {
    refuse(loaded, ['epochs', 'steps'], 'neither epochs nor steps is set: give --epochs or --steps');
  }
  if (config.components !== null && config.components > config.pcaRows) {
    const remedy = 'more components than rows to find them in: lower the first, or raise the second';
    refuse(loaded, ['components', 'pcaRows'], `${say(loaded, ['components', 'pcaRows'])}: ${remedy}`);
  }
  if (config.stopOn === 'heldOut' && config.heldOutFraction === 0) {
    const remedy = 'no rows are held out to watch: hold some out, or stop on training';
    refuse(loaded, ['stopOn', 'heldOutFraction'], `${say(loaded, ['stopOn', 'heldOutFraction'])}: ${remedy}`);
  }
  if (config.learningRateSchedule !== 'constant') checkHorizon(loaded);
}

function checkHorizon(loaded: LoadedConfig): void {
  const { scheduleSteps, steps, warmUpSteps } = loaded.config;
  const field = scheduleSteps === null ? 'steps' : 'scheduleSteps';
  const horizon = scheduleSteps ?? steps;
  if (horizon === null || warmUpSteps < horizon) return;
  const remedy = 'the warm-up leaves no step for the schedule: make it shorter, or the schedule constant';
  refuse(loaded, ['warmUpSteps', field], `${say(loaded, ['warmUpSteps', field])}: ${remedy}`);
}

/**
 * Fits the number of components to the images, unless somebody asked for it.
 * @param pixelCount values of an image, all channels
 * @returns the configuration, and lines to be told where it is another one
 * @throws LockstepError 64 or 78 when more were asked for than an image has values
 */
export function fitToImages<T extends LoadedConfig>(
  loaded: T,
  pixelCount: number,
): { readonly loaded: T; readonly notices: readonly string[] } {
  const { components } = loaded.config;
  if (components === null || components <= pixelCount) return { loaded, notices: [] };
  const said = say(loaded, ['components']);
  if (wasAsked(loaded, 'components')) {
    refuse(
      loaded,
      ['components'],
      `${said}: an image has ${pixelCount} values, expected at most that, or none`,
    );
  }
  const config = { ...loaded.config, components: pixelCount };
  return {
    loaded: { ...loaded, config },
    notices: [`components are ${pixelCount}, all that the images have`],
  };
}

const wasAsked = ({ sources }: LoadedConfig, field: ConfigField): boolean =>
  sources[field].kind !== 'preset' && sources[field].kind !== 'default';

const say = ({ config, sources }: LoadedConfig, fields: readonly ConfigField[]): string =>
  fields.map((field) => sayValue(field, config[field], sources[field])).join(' with ');

function refuse({ sources }: LoadedConfig, fields: readonly ConfigField[], message: string): never {
  throw new LockstepError(message, exitCodeOf(...fields.map((field) => sources[field])));
}

/** A refusal that speaks of flags, told with where the values really came from. */
function attribute(loaded: LoadedConfig, fields: readonly ConfigField[], check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    const others = fields.filter((field) => {
      const { kind } = loaded.sources[field];
      return kind !== 'flag' && kind !== 'default';
    });
    const where = others.length === 0 ? '' : ` (${say(loaded, others)})`;
    refuse(loaded, fields, `${error.message}${where}`);
  }
}
