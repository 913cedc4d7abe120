/** The plots of one run, each with what it shows in words; a plot without data is left out. */
import type { EvaluationRecord, StepRecord } from '../../coordinator/journal.ts';
import { formatCount, formatNumber, formatShare } from '../../shared/text.ts';
import { drawPlot, lineSpec, resized, shareSpec, type Series } from './plots.ts';
import type { Run } from './read-run.ts';
import { buckets, frameOf, thin, type Point } from './thin.ts';

export interface Figure {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly isWide: boolean;
  readonly svg: string;
}

type Sketch = Omit<Figure, 'svg'> & { readonly spec: Parameters<typeof drawPlot>[0] };

const pointLimit = 500; // of a series
const phaseLimit = 120;
const x = 'epoch';
const nats = 'nats per sample';
const noBreak = '\u00a0';

/** In the order in which a page shows them. */
export async function drawRunPlots(run: Run): Promise<Figure[]> {
  const sketches = [
    lossSketch(run),
    ...termSketches(run),
    throughputSketch(run),
    phaseSketch(run),
    noiseSketch(run),
    scheduleSketch(run.steps, 'learning-rate', 'Learning rate', ({ learningRate }) => learningRate),
    scheduleSketch(run.steps, 'kl-weight', 'Weight of the KL term', ({ klWeight }) => klWeight),
    varianceSketch(run),
  ].filter((sketch) => sketch !== null);
  const figures: Figure[] = [];
  for (const { spec, ...sketch } of withoutGap(sketches)) {
    figures.push({ ...sketch, svg: await drawPlot(spec) });
  }
  return figures;
}

/** Halves stand in pairs: the last of an odd number of them gets the whole width. */
function withoutGap(sketches: readonly Sketch[]): Sketch[] {
  const halves = sketches.filter(({ isWide }) => !isWide);
  const single = halves.length % 2 === 1 ? halves.at(-1) : undefined;
  return sketches.map((sketch) =>
    sketch === single ? { ...sketch, isWide: true, spec: resized(sketch.spec, 'wideFlat') } : sketch,
  );
}

/** One curve of a term over evaluations, without what is missing or not finite. */
function curve(
  evaluations: readonly EvaluationRecord[],
  pick: (record: EvaluationRecord) => number | undefined,
): Point[] {
  return thin(
    evaluations,
    pointLimit,
    ({ epoch }) => epoch,
    (record) => pick(record) ?? NaN,
  );
}

function evaluationSeries({ evaluations }: Run, term: string): Series[] {
  return [
    {
      name: 'training, frozen',
      colour: 'blue',
      points: curve(evaluations, ({ training }) => training[term]),
    },
    {
      name: 'held out',
      colour: 'vermilion',
      dash: [7, 3],
      points: curve(evaluations, ({ heldOut }) => heldOut?.[term]),
    },
    { name: 'test', colour: 'green', dash: [2, 3], points: curve(evaluations, ({ test }) => test?.[term]) },
  ];
}

function lossSketch(run: Run): Sketch | null {
  const steps: Series = {
    name: 'each step',
    colour: 'faint',
    isThin: true,
    points: thin(
      run.steps,
      pointLimit,
      ({ epoch }) => epoch,
      ({ terms }) => terms['loss'] ?? NaN,
    ),
  };
  const mean: Series = {
    name: 'training, mean of steps',
    colour: 'purple',
    dash: [1, 3],
    points: curve(run.evaluations, ({ trainingMean }) => trainingMean['loss']),
  };
  const series = [steps, mean, ...evaluationSeries(run, 'loss')];
  const frame = frameOf(series.flatMap(({ points }) => points.map(([, y]) => y)));
  if (frame === null) return null;
  const cut = frame.isCut ? ` Values above ${formatNumber(frame.high)} are cut off.` : '';
  return {
    id: 'loss',
    title: 'Loss',
    caption:
      'Lower is better. Frozen: of fixed rows, with the parameters as they are, batch-norm statistics estimated ' +
      `for them, and without dropout; held out and test likewise. Mean: over the steps since the evaluation before.${cut}`,
    isWide: true,
    spec: lineSpec({ x, y: nats, series, frame, size: 'wide' }),
  };
}

const termCaptions: Readonly<Record<string, { title: string; caption: string; y: string }>> = {
  nll: {
    title: 'Reconstruction (negative log-likelihood)',
    caption: 'How many nats the decoder needs for a row, given its latents.',
    y: nats,
  },
  kl: {
    title: 'KL divergence',
    caption: 'How many nats the latents tell of a row. Near 0 the decoder ignores them.',
    y: nats,
  },
  squaredError: {
    title: 'Squared error of the reconstruction',
    caption: "Summed over a row's components.",
    y: 'squared error per sample',
  },
};

function termSketches(run: Run): Sketch[] {
  const names = Object.keys(run.evaluations[0]?.training ?? {}).filter((name) => name !== 'loss');
  return names.map((name): Sketch => {
    const series = evaluationSeries(run, name);
    const frame = frameOf(series.flatMap(({ points }) => points.map(([, y]) => y)));
    const { title, caption, y } = termCaptions[name] ?? { title: name, caption: '', y: 'per sample' };
    const spec = lineSpec({ x, y, series, frame, size: 'half' });
    return { id: name, title, caption, isWide: false, spec };
  });
}

function throughputSketch({ steps }: Run): Sketch | null {
  const points = buckets(steps.slice(1), phaseLimit).map((bucket): Point => {
    const seconds = sum(bucket, (record) => record.seconds);
    return [bucket.at(-1)?.epoch ?? 0, sum(bucket, ({ samples }) => samples) / seconds];
  });
  if (points.length < 2) return null;
  const spec = lineSpec({
    x,
    y: 'samples per second',
    series: [{ name: 'samples/s', points }],
    fromZero: true,
    size: 'half',
  });
  const caption = 'Training steps alone; evaluations, pictures and checkpoints are not counted.';
  return { id: 'throughput', title: 'Throughput', caption, isWide: false, spec };
}

const phaseNames = ['compute', 'exchange', 'commit', 'parameters', 'other'] as const;

function phaseSketch({ steps }: Run): Sketch | null {
  const rows = buckets(steps.slice(1), phaseLimit).map((bucket) => {
    const seconds = sum(bucket, (record) => record.seconds);
    const known = (['compute', 'exchange', 'commit', 'parameters'] as const).map(
      (phase) => sum(bucket, ({ phases }) => phases[phase]) / seconds,
    );
    const other = Math.max(0, 1 - known.reduce((total, share) => total + share, 0));
    return { x: bucket.at(-1)?.epoch ?? 0, shares: [...known, other] };
  });
  if (rows.length < 2) return null;
  const exchange =
    rows.reduce((total, { shares }) => total + (shares[1] ?? 0) + (shares[3] ?? 0), 0) / rows.length;
  const caption =
    'Parameters: new ones on their way to the worker that ends last; compute: what it computes; exchange: until all ' +
    'gradients are summed; commit: Adam. Parameters and exchange took ' +
    `${formatShare(exchange).replace(' ', noBreak)} on average.`;
  const spec = shareSpec({ x, y: 'share of a step', parts: phaseNames, rows, size: 'half' });
  return { id: 'phases', title: 'Where the time of a step goes', caption, isWide: false, spec };
}

function noiseSketch({ evaluations, config }: Run): Sketch | null {
  const points = curve(evaluations, ({ noiseScale }) => noiseScale ?? NaN).filter(([, y]) => y > 0);
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < 2) return null;
  const batch = [first, last].map(([epoch]): Point => [epoch, config.batchSize]);
  const series: Series[] = [
    { name: 'noise scale', colour: 'blue', points },
    { name: 'batch size', colour: 'muted', dash: [4, 4], isThin: true, points: batch },
  ];
  const spec = lineSpec({ x, y: 'samples', series, logarithmic: true, size: 'half' });
  const caption =
    'About the batch size above which more samples a step stop paying (McCandlish et al. 2018); ' +
    `this run's batch has ${formatCount(config.batchSize)}.`;
  return { id: 'noise-scale', title: 'Gradient noise scale', caption, isWide: false, spec };
}

/** Of something that is set for each step; null where it never changes, which the settings say in a word. */
function scheduleSketch(
  steps: readonly StepRecord[],
  id: string,
  title: string,
  pick: (record: StepRecord) => number,
): Sketch | null {
  const first = steps[0];
  if (first === undefined || steps.every((record) => pick(record) === pick(first))) return null;
  const points = thin(steps, pointLimit, ({ epoch }) => epoch, pick);
  const series: Series[] = [{ name: title, points }];
  const spec = lineSpec({ x, y: title.toLowerCase(), series, fromZero: true, size: 'half' });
  return { id, title, caption: '', isWide: false, spec };
}

function varianceSketch({ componentVariance }: Run): Sketch | null {
  if (componentVariance === null) return null;
  const pointsOf = (values: readonly number[]): Point[] =>
    values.map((value, index): Point => [index + 1, value]).filter(([, y]) => y > 0);
  const series: Series[] = [
    {
      name: 'eigenvalue, of the data',
      colour: 'blue',
      points: pointsOf(componentVariance.eigenvalues),
    },
    {
      name: 'learned by the decoder',
      colour: 'vermilion',
      dash: [7, 3],
      points: pointsOf(componentVariance.learned),
    },
  ];
  const spec = lineSpec({ x: 'component', y: 'variance', series, logarithmic: true, size: 'wide' });
  const caption =
    'A decoder that knew nothing of a row would need the eigenvalue; the further below it, the more it knows.';
  return {
    id: 'component-variance',
    title: 'Learned variance of each component',
    caption,
    isWide: true,
    spec,
  };
}

const sum = <T>(items: readonly T[], pick: (item: T) => number): number =>
  items.reduce((total, item) => total + pick(item), 0);
