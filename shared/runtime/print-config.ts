/**
 * A configuration as the file that gives it again: every field, under its heading, and behind each that somebody
 * set where that was.
 */
import { Document, isScalar, isSeq, type Pair, type Scalar } from 'yaml';
import { configGroups, type ConfigField } from './config.ts';
import type { PresetName } from './presets.ts';
import { sourceName, type LoadedConfig } from './sources.ts';

/** @returns YAML that `--config` reads back to the same configuration, ending in a newline */
export function formatConfig({ config, sources }: LoadedConfig, preset: PresetName | null): string {
  const document = new Document(preset === null ? {} : { preset });
  for (const [heading, fields] of Object.entries(configGroups)) {
    const names = Object.keys(fields) as ConfigField[];
    for (const [index, field] of names.entries()) {
      const pair = document.createPair(field, config[field]) as Pair<Scalar>;
      const source = sources[field];
      if (source.kind !== 'default') remark(pair.value, ` ${sourceName(field, source)}`);
      if (index === 0) {
        pair.key.spaceBefore = true;
        pair.key.commentBefore = ` ${heading.replace(/:$/, '')}`;
      }
      document.add(pair);
    }
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function remark(value: unknown, comment: string): void {
  if (isSeq(value)) value.flow = true;
  if (isSeq(value) || isScalar(value)) value.comment = comment;
}
