/** The plots of a sweep, each with what it shows in words; a plot without data is left out. */
import { formatCount, formatEpochs, formatDuration, formatNumber, plural } from '../../../shared/text.ts';
import { seriesColours, type Colour } from '../palette.ts';
import { drawPlot, lineSpec, type Series } from '../plots.ts';
import type { Figure } from '../run-plots.ts';
import { frameOf, type Point } from '../thin.ts';
import { labelOf, type Arm } from './arms.ts';
import { curveOf } from './curves.ts';
import { axes, positionOn, type StudyAxis } from './read-off.ts';
import { bandSpec, effectSpec, stackedSpec, type EffectMark } from './specs.ts';
import type { Study } from './study.ts';
import { phaseNames } from './throughput.ts';

export type Sketch = Omit<Figure, 'svg'> & { readonly spec: Parameters<typeof drawPlot>[0] };

export const axisTitles: Readonly<Record<StudyAxis, string>> = {
  epochs: 'epochs',
  updates: 'updates, logarithmic',
  time: 'seconds of training',
};

export const sayPoint = (axis: StudyAxis, point: number): string =>
  ({
    epochs: `epoch ${formatEpochs(point)}`,
    updates: `update ${formatCount(point)}`,
    time: formatDuration(point),
  })[axis];

const dashes: readonly (readonly [number, number])[] = [
  [1, 0],
  [7, 3],
  [2, 3],
  [9, 3],
  [4, 2],
];

export interface Look {
  readonly colour: Colour;
  readonly dash: readonly [number, number];
}

/** Colour and dashes of the n-th series; more than five differ in dashes. */
export const lookOf = (index: number): Look => ({
  colour: seriesColours[index % 5] ?? 'ink',
  dash: dashes[(index + Math.floor(index / 5)) % 5]!,
});

export function effectSketch({ effects }: Study): Sketch | null {
  const groups = ['equal epochs', 'equal updates', 'equal time'];
  const marks: EffectMark[] = [];
  const add = (series: string, each: (typeof effects.comparisons)[number]['effects']): void => {
    for (const [index, axis] of axes.entries()) {
      const { spread, differences: values } = each[axis];
      if (spread !== null) marks.push({ group: groups[index]!, series, values, ...spread });
    }
  };
  for (const { family, arm, effects: own } of effects.comparisons) add(labelOf(family.name, arm.name), own);
  if (effects.control !== null) add('control', effects.control);
  if (marks.length === 0) return null;
  const names = [...new Set(marks.map(({ series }) => series))];
  const reference = effects.comparisons[0]?.reference.name ?? '';
  return {
    id: 'effects',
    title: `Held-out loss against batch ${reference}`,
    caption:
      'Above zero is worse. Read off at the last point that all of these trials reached. Each tick is a seed, each mark their ' +
      'mean; bars are its intervals, wide enough for all comparisons together to be right 19 times in 20, and cut off ' +
      'at the edge of the plot. One seed has no bar. The control stands against its own batch, by an interval of its own.',
    isWide: true,
    spec: effectSpec('', 'nats', names, marks),
  };
}

/** A term over one axis, a line an arm. */
export function curveSketch(
  study: Study,
  axis: StudyAxis,
  term: string,
  size: 'wide' | 'half',
): Sketch | null {
  const series = study.shown.map(({ label, arm }, index) =>
    curveOf(arm, axis, 'heldOut', term, { name: label, ...lookOf(index) }),
  );
  const frame = frameOf(series.flatMap(({ points }) => points.map(([, y]) => y)));
  if (frame === null) return null;
  const point = study.effects.points[axis];
  const cut = frame.isCut ? ` Values above ${formatNumber(frame.high)} are cut off.` : '';
  const where = point === null ? '' : ` All trials reached ${sayPoint(axis, point)}, the upright line.`;
  return {
    id: `${term}-${axis}`,
    title: `${termTitles[term] ?? term} over ${axis}`,
    caption: size === 'wide' ? `Held out; shaded is the range over seeds.${where}${cut}` : cut.trim(),
    isWide: size === 'wide',
    spec: bandSpec(
      { x: axisTitles[axis], y: 'nats per sample', series, frame: cutOf(frame), size },
      { mark: point, logarithmicX: axis === 'updates' },
    ),
  };
}

/** Lines leave the frame at its top even where nothing was cut. */
const cutOf = (frame: NonNullable<ReturnType<typeof frameOf>>) => ({ ...frame, isCut: true });

const termTitles: Readonly<Record<string, string>> = {
  loss: 'Loss (negative ELBO)',
  nll: 'Reconstruction (nll)',
  kl: 'KL divergence',
};

export function throughputSketch({ paces }: Study): Sketch | null {
  if (paces.length === 0) return null;
  const workers = [...new Set(paces.map((pace) => pace.workers))];
  const series = workers.map((count, index): Series => {
    const own = paces.filter((pace) => pace.workers === count);
    const name = count === 1 ? '1 worker' : `${count} workers`;
    return {
      name,
      ...lookOf(index),
      points: own.map((pace): Point => [pace.batchSize, pace.samplesPerSecond]),
    };
  });
  const spec = withLogarithmicX(
    lineSpec({ x: 'batch size', y: 'samples per second', series, fromZero: true, size: 'half' }),
    [...new Set(paces.map((pace) => pace.batchSize))],
  );
  const caption = 'Training steps alone, but for the first of each run; the mean over its trials.';
  return { id: 'throughput', title: 'Throughput against batch size', caption, isWide: false, spec };
}

export function phaseSketch({ paces }: Study): Sketch | null {
  if (paces.length === 0) return null;
  const most = Math.max(...paces.map(({ workers }) => workers));
  const own = paces.filter(({ workers }) => workers === most);
  const bars = own.map(({ batchSize, phases }) => ({
    group: formatCount(batchSize),
    values: phaseNames.map((phase) => (1e6 * phases[phase]) / batchSize),
  }));
  return {
    id: 'phases',
    title: 'Where the time goes',
    caption:
      'Of a sample: computing its gradient; and what is paid once a step, so less of the larger the batch is: new ' +
      'parameters on their way to the workers, gradients summed (exchange), Adam (commit). ' +
      `With ${plural(most, 'worker')}.`,
    isWide: false,
    spec: stackedSpec('batch size', 'microseconds a sample', phaseNames, bars),
  };
}

export function efficiencySketch({ paces }: Study): Sketch | null {
  const known = paces.filter(({ efficiency }) => efficiency !== null);
  if (known.length === 0) return null;
  const sizes = [...new Set(known.map(({ batchSize }) => batchSize))];
  const series = sizes.map((size, index): Series => {
    const own = known.filter(({ batchSize }) => batchSize === size);
    const points = own.map(({ workers, efficiency }): Point => [workers, efficiency ?? NaN]);
    return { name: `batch ${formatCount(size)}`, ...lookOf(index), points };
  });
  const spec = withLogarithmicX(
    lineSpec({ x: 'workers', y: 'efficiency', series, fromZero: true, size: 'wideFlat' }),
    [...new Set(known.map(({ workers }) => workers))],
  );
  const caption =
    'Samples a second and worker, against those of the fewest workers; 1 is as good as it gets.';
  return { id: 'efficiency', title: 'Scaling efficiency', caption, isWide: true, spec };
}

export function noiseSketch(study: Study): Sketch | null {
  const series = study.shown.flatMap(({ label, arm }, index) => {
    const points = noiseCourse(arm);
    return points.length < 2 ? [] : [{ name: label, ...lookOf(index), points }];
  });
  if (series.length === 0) return null;
  const spec = lineSpec({ x: 'epochs', y: 'samples', series, logarithmic: true, size: 'wideFlat' });
  const caption =
    'About the batch size above which more samples a step stop paying (McCandlish et al. 2018), over the course of ' +
    'training; the mean over seeds.';
  return { id: 'noise-scale', title: 'Gradient noise scale', caption, isWide: true, spec };
}

function noiseCourse({ trials }: Arm): Point[] {
  const length = Math.min(...trials.map(({ run }) => run.evaluations.length));
  return Array.from({ length }, (_, index) => index).flatMap((index): Point[] => {
    const records = trials.map(({ run }) => run.evaluations[index]!);
    const values = records.flatMap(({ noiseScale }) => noiseScale ?? []).filter((value) => value > 0);
    if (values.length === 0) return [];
    return [[positionOn.epochs(records[0]!), values.reduce((sum, value) => sum + value, 0) / values.length]];
  });
}

/** Batch sizes on a logarithmic axis, each one a tick. */
export function withLogarithmicX(spec: Sketch['spec'], sizes: readonly number[]): Sketch['spec'] {
  const { encoding } = spec as unknown as { readonly encoding: Record<string, object> };
  const x = {
    ...encoding['x'],
    scale: { type: 'log', nice: false, padding: 16 },
    axis: { values: sizes, format: ',d', labelOverlap: true },
  };
  return { ...spec, encoding: { ...encoding, x } } as unknown as Sketch['spec'];
}
