/** Names of trials, which are those of their folders: what distinguishes them, in words that sort and read well. */
import type { Config, ConfigField } from '../../shared/runtime/config.ts';
import { kebabCase } from '../../shared/runtime/field.ts';
import { sayPlainly } from '../../shared/runtime/sources.ts';
import type { LearningRateRule } from './rules.ts';

interface Named {
  readonly config: Config;
  readonly rule: LearningRateRule;
  readonly isControl: boolean;
}

const said: readonly ConfigField[] = ['batchSize', 'seed']; // always
const longest = 40; // characters of a value

/** Such as `batch-1000-sqrt-seed-2`. @param varied fields in which the trials of the sweep differ */
export function trialName({ config, rule, isControl }: Named, varied: ReadonlySet<ConfigField>): string {
  const others = [...varied].filter((field) => !said.includes(field));
  const parts = [
    `batch-${config.batchSize}`,
    ...others.map((field) => `${kebabCase(field)}-${slug(sayPlainly(config[field]))}`),
    ...(rule === 'none' ? [] : [rule]),
    ...(isControl ? [`control-${config.microBatchSize}`] : []),
    `seed-${config.seed}`,
  ];
  return parts.join('-');
}

/** Only what every file system and shell takes as it is. */
const slug = (text: string): string =>
  text
    .replaceAll(/.*\//g, '')
    .replaceAll(/[^A-Za-z0-9.+]+/g, '-')
    .slice(0, longest);
