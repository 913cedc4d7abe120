/** The numbers of a run: what stands at the top of its report, losses in a table, settings, the command. */
import type { EvaluationRecord } from '../../coordinator/journal.ts';
import { defaultMicroBatchSize } from '../../shared/math/batch.ts';
import { createLayout } from '../../shared/math/layout.ts';
import { configFieldNames, type Config, type ConfigField } from '../../shared/runtime/config.ts';
import { flagName, viewOf } from '../../shared/runtime/field.ts';
import { presetNames, presets, type PresetName } from '../../shared/runtime/presets.ts';
import {
  formatCount,
  formatDuration,
  formatEpochs,
  formatNats,
  formatNumber,
  plural,
} from '../../shared/text.ts';
import type { Run } from './read-run.ts';

export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly note: string; // empty where there is nothing to add
}

/** The loss by which evaluations are compared: held out, or of training rows where none are. */
export const judgedLoss = (record: EvaluationRecord): number =>
  (record.heldOut ?? record.training)['loss'] ?? NaN;

/** The evaluation of least loss; null before the first, or where none is finite. */
export function bestEvaluation({ evaluations }: Pick<Run, 'evaluations'>): EvaluationRecord | null {
  const finite = evaluations.filter((record) => Number.isFinite(judgedLoss(record)));
  return finite.reduce<EvaluationRecord | null>(
    (best, record) => (best === null || judgedLoss(record) < judgedLoss(best) ? record : best),
    null,
  );
}

/** Of all steps but the first, which compiles; null before the second. */
export function samplesPerSecond({ steps }: Pick<Run, 'steps'>): number | null {
  const timed = steps.slice(1);
  const seconds = timed.reduce((sum, record) => sum + record.seconds, 0);
  return seconds > 0 ? timed.reduce((sum, record) => sum + record.samples, 0) / seconds : null;
}

/** What somebody wants to know first. */
export function headline(run: Run): Fact[] {
  const { steps, config, checkpoint, sharpness } = run;
  const last = steps.at(-1);
  const best = bestEvaluation(run);
  const speed = samplesPerSecond(run);
  const seconds = steps.reduce((sum, record) => sum + record.seconds, 0);
  const unit = config.microBatchSize ?? defaultMicroBatchSize(config.batchSize);
  const layout = checkpoint === null ? null : createLayout(checkpoint.model.parameters);
  const frozen =
    layout === null || layout.frozenCount === 0 ? '' : `, ${formatCount(layout.frozenCount)} frozen`;
  const facts: (Fact | null)[] = [
    best && {
      label: best.heldOut === null ? 'best training loss' : 'best held-out loss',
      value: formatNats(judgedLoss(best)),
      note: `nats per sample, at epoch ${formatEpochs(best.epoch)}`,
    },
    last === undefined
      ? null
      : {
          label: 'epochs',
          value: formatEpochs(last.epoch),
          note: `${formatCount(last.step + 1)} steps`,
        },
    speed === null
      ? null
      : {
          label: 'samples per second',
          value: formatNumber(speed),
          note: `${plural(last?.workers ?? 0, 'worker')}, training steps alone`,
        },
    { label: 'time of training', value: formatDuration(seconds), note: 'all steps together' },
    {
      label: 'batch size',
      value: formatCount(config.batchSize),
      note: `${plural(config.batchSize / unit, 'micro-batch', 'es')} of ${formatCount(unit)}`,
    },
    layout && {
      label: 'parameters',
      value: formatCount(layout.parameterCount),
      note: `model ${checkpoint?.model.name}${frozen}`,
    },
    sharpness && {
      label: 'largest Hessian eigenvalue',
      value: sharpness.eigenvalue === null ? 'not finite' : formatNumber(sharpness.eigenvalue),
      note: `SAM’s rise ${formatNumber(sharpness.rise ?? NaN)} nats, at step ${formatCount(sharpness.step)}`,
    },
  ];
  return facts.filter((fact) => fact !== null);
}

export interface LossTable {
  readonly terms: readonly string[]; // columns
  readonly rows: readonly { readonly name: string; readonly values: readonly string[] }[];
}

/** Every term of one evaluation, a row a split. */
export function lossTable(record: EvaluationRecord): LossTable {
  const terms = Object.keys(record.training);
  const splits = [
    ['training, mean since the evaluation before', record.trainingMean],
    ['training, frozen parameters', record.training],
    ['held out', record.heldOut],
    ['test', record.test],
  ] as const;
  const rows = splits.flatMap(([name, values]) =>
    values === null ? [] : [{ name, values: terms.map((term) => formatNats(values[term] ?? NaN)) }],
  );
  return { terms, rows };
}

/** The settings in which a run differs from the default ones. */
export function unusualSettings(config: Config): { readonly flag: string; readonly value: string }[] {
  return differing(config, {}).map((field) => ({ flag: flagName(field), value: sayValue(config[field]) }));
}

/** A command that repeats a run: the preset that needs the fewest flags beside it, and those. */
export function commandOf(config: Config): string {
  const candidates = presetNames.map((preset) => ({
    preset,
    fields: differing(config, presets[preset].settings),
  }));
  const fewest = candidates.reduce((best, each) => (each.fields.length < best.fields.length ? each : best));
  const flags = fewest.fields.map((field) => `${flagName(field)} ${quoteValue(config[field])}`);
  return ['npx lockstep train', presetFlag(fewest.preset), ...flags].join(' ');
}

const presetFlag = (preset: PresetName): string => `--preset ${preset}`;

function differing(config: Config, settings: Partial<Config>): ConfigField[] {
  return configFieldNames.filter((field) => {
    const expected = field in settings ? settings[field] : viewOf(field).fallback;
    return JSON.stringify(config[field]) !== JSON.stringify(expected ?? null);
  });
}

type Value = Config[ConfigField];

const sayValue = (value: Value): string =>
  value === null ? 'none' : Array.isArray(value) ? value.join(', ') || 'none' : String(value);

const quoteValue = (value: Value): string =>
  (Array.isArray(value) ? value : [value === null ? 'none' : String(value)]).map(quote).join(' ');

const quote = (text: string): string =>
  /^[\w./@%+,:=~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
