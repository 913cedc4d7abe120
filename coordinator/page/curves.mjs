/** The charts of a run: loss and its terms, throughput, the phases of a step, noise scale, learning rate. */
import { createChart } from './charts.mjs';
import { element } from './figures.mjs';
import uPlot from './uplot.mjs';

/** @typedef {import('../serving/course.ts').Point} Point */
/** @typedef {import('../journal.ts').EvaluationRecord} Evaluation */
/** @typedef {import('./charts.mjs').Chart} Chart */

const phases = /** @type {const} */ (['compute', 'exchange', 'commit', 'parameters', 'wait']);
const phaseColours = {
  compute: 'blue',
  exchange: 'vermilion',
  commit: 'green',
  parameters: 'purple',
  wait: 'amber',
};
const latelyPoints = 20; // that the bar of phases averages

/** @param {string} id */
const card = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @returns {(points: readonly Point[], evaluations: readonly Evaluation[]) => void} draws them */
export function createCurves() {
  const loss = createChart(card('loss'), [
    { label: 'each step', colour: 'blue', faint: true },
    { label: 'training', colour: 'blue' },
    { label: 'held out', colour: 'vermilion', dots: true },
  ]);
  /** @type {{ names: string, chart: Chart } | null} */
  let terms = null;
  const throughput = createChart(
    card('throughput'),
    [
      { label: 'each step', colour: 'green', faint: true },
      { label: 'lately', colour: 'green', fills: true },
    ],
    {
      fromZero: true,
    },
  );
  const stack = createChart(
    card('phases'),
    phases.map((name) => ({ label: name, colour: phaseColours[name], fills: true })),
    { fromZero: true, height: 190 },
  );
  const noise = createChart(
    card('noise'),
    [
      { label: 'lately', colour: 'purple' },
      { label: 'between evaluations', colour: 'amber', dots: true },
    ],
    { fromZero: true },
  );
  const rate = createChart(card('rate'), [{ label: 'learning rate', colour: 'blue' }], { fromZero: true });

  return (points, evaluations) => {
    const steps = points.map((point) => point.steps);
    const joined = [
      evaluations.map(({ step }) => step),
      evaluations.map((record) => record.heldOut?.['loss'] ?? null),
    ];
    const losses = points.map((point) => point.terms['loss'] ?? null);
    showJoined(loss, [steps, losses, smoothed(losses)], joined);
    const names = Object.keys(points[0]?.terms ?? {})
      .filter((name) => name !== 'loss')
      .slice(0, 2);
    card('terms').hidden = names.length === 0;
    if (names.length > 0 && terms?.names !== names.join()) {
      card('terms').querySelector('.chart')?.remove();
      terms = { names: names.join(), chart: createChart(card('terms'), termLines(names)) };
    }
    if (names.length > 0)
      terms?.chart.show(
        steps,
        names.map((name) => smoothed(points.map((point) => point.terms[name] ?? null))),
      );
    const speeds = points.map((point) => point.samplesPerSecond);
    throughput.show(steps, [speeds, smoothed(speeds)]);
    const each = phases.map((name) => averaged(points.map((point) => point.phases[name] * 1000)));
    stack.show(steps, cumulative(each), each);
    showSplit(points.slice(-latelyPoints));
    const scales = [evaluations.map(({ step }) => step), evaluations.map(({ noiseScale }) => noiseScale)];
    const isKnown = [...points, ...evaluations].some(({ noiseScale }) => noiseScale !== null);
    card('noise').classList.toggle('absent', points.length >= latelyPoints && !isKnown);
    showJoined(noise, [steps, smoothed(points.map((point) => point.noiseScale))], scales);
    rate.show(steps, [points.map((point) => point.learningRate)]);
  };
}

/** The second term has a scale of its own: its values are of another size. @param {string[]} names */
const termLines = (names) =>
  names.map((label, index) => ({
    label,
    colour: index === 0 ? 'blue' : 'purple',
    side: index === 0 ? /** @type {const} */ ('left') : /** @type {const} */ ('right'),
  }));

/**
 * Two lines with steps of their own.
 * @param {Chart} chart
 * @param {(number | null | undefined)[][]} first steps, values
 * @param {(number | null | undefined)[][]} second
 */
function showJoined(chart, first, second) {
  const tables = /** @type {uPlot.AlignedData[]} */ ([first, second]);
  const [steps = [], ...values] = second[0]?.length
    ? uPlot.join(tables)
    : [...first, first[0]?.map(() => null) ?? []];
  chart.show(/** @type {number[]} */ (steps), /** @type {import('./charts.mjs').Values[]} */ (values));
}

/** Each line on top of those before it. @param {number[][]} lines */
function cumulative(lines) {
  /** @type {number[][]} */
  const stacked = [];
  for (const line of lines) stacked.push(line.map((value, index) => value + (stacked.at(-1)?.[index] ?? 0)));
  return stacked;
}

const reach = 7; // points on either side

/**
 * Medians of fifteen: what single steps say is noisy.
 * @param {(number | null)[]} values
 * @returns {(number | null)[]}
 */
function smoothed(values) {
  return values.map((_, index) => {
    const window = values
      .slice(Math.max(0, index - reach), index + reach + 1)
      .filter((value) => value !== null);
    return window.sort((a, b) => a - b)[window.length >> 1] ?? null;
  });
}

/** Means of fifteen, which still add up. @param {number[]} values */
function averaged(values) {
  return values.map((_, index) => {
    const window = values.slice(Math.max(0, index - reach), index + reach + 1);
    return window.reduce((sum, value) => sum + value, 0) / window.length;
  });
}

/** What the phases took of the last steps. @param {readonly Point[]} points */
function showSplit(points) {
  const totals = phases.map((name) => points.reduce((total, point) => total + point.phases[name], 0));
  const all = totals.reduce((sum, value) => sum + value, 0);
  const shares = totals.map((total) => (all === 0 ? 0 : total / all));
  const parts = phases.map((name, index) => {
    const share = shares[index] ?? 0;
    const part = element('span', `part ${name}`);
    part.style.flexGrow = String(share);
    part.title = `${name} ${(100 * share).toFixed(1)} %`;
    return part;
  });
  card('split').replaceChildren(...parts);
  const percents = shares.map((share) => `${Math.round(100 * share)} %`);
  const named = percents.map((percent, index) => `${phases[index]} ${percent}`);
  for (const texts of [named, percents, percents.map(() => '')]) {
    const tooLong = parts.filter((part) => part.textContent === '' || part.scrollWidth > part.clientWidth);
    for (const part of tooLong) part.textContent = texts[parts.indexOf(part)] ?? '';
  }
}
