/**
 * Curves over steps, drawn by uPlot in the page's own colours. Under each are the values at the pointer, or the last
 * ones where it points nowhere.
 */
import uPlot from './uplot.mjs';
import { count, number } from './figures.mjs';

/** @typedef {readonly (number | null | undefined)[]} Values */

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {string} colour name of a CSS variable, without dashes
 * @property {'left' | 'right'} [side] of its scale
 * @property {boolean} [fills] the area below it
 * @property {boolean} [faint] behind another one
 * @property {boolean} [dots] points, joined over the steps between them
 */

/**
 * @typedef {object} Chart
 * @property {(steps: number[], values: Values[], shown?: Values[]) => void} show `shown` stand in the legend
 */

const height = 220;
const early = 0.1; // of the points, which do not stretch the scale: a loss begins far above where it goes

/**
 * @param {HTMLElement} card
 * @param {Line[]} lines
 * @param {{ fromZero?: boolean, height?: number }} [options]
 * @returns {Chart}
 */
export function createChart(card, lines, options = {}) {
  const host = card.appendChild(document.createElement('div'));
  host.className = 'chart';
  /** @type {uPlot | null} */
  let plot = null;
  /** @type {uPlot.AlignedData} */
  let data = [[], ...lines.map(() => [])];
  /** @type {Values[] | undefined} */
  let inLegend;

  function build() {
    plot?.destroy();
    const settings = settingsOf(lines, options, host.clientWidth, (line, index) => inLegend?.[line]?.[index]);
    plot = new uPlot(settings, data, host);
    pointAtEnd(plot);
  }

  new ResizeObserver(() => {
    if (plot === null) return;
    if (host.clientWidth !== plot.width)
      plot.setSize({ width: host.clientWidth, height: options.height ?? height });
  }).observe(host);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', build);
  return {
    show(steps, values, shown) {
      inLegend = shown;
      data = /** @type {uPlot.AlignedData} */ ([steps, ...values]);
      if (plot === null) return build();
      plot.setData(data);
      if (plot.cursor.idx === null || plot.cursor.idx === undefined) pointAtEnd(plot);
    },
  };
}

/** The legend shows the last value of each line. @param {uPlot} plot */
function pointAtEnd(plot) {
  const last = plot.data[0].length - 1;
  if (last < 0) return;
  const idxs = plot.data.map((values) => {
    let index = last;
    while (index > 0 && (values[index] ?? null) === null) index -= 1;
    return index;
  });
  plot.setLegend({ idxs }, false);
}

/**
 * @param {Line[]} lines
 * @param {{ fromZero?: boolean, height?: number }} options
 * @param {number} width
 * @param {(line: number, index: number) => number | null | undefined} shown in the legend instead
 * @returns {uPlot.Options}
 */
function settingsOf(lines, options, width, shown) {
  const sides = /** @type {const} */ (['left', 'right']);
  const used = sides.filter((side) => lines.some((line) => (line.side ?? 'left') === side));
  const ink = colour('muted');
  const grid = { stroke: colour('grid'), width: 1 };
  const stacked = lines.every(({ fills }) => fills) && lines.length > 1;
  return {
    width,
    height: options.height ?? height,
    cursor: { y: false, points: { size: 6 } },
    scales: {
      x: { time: false },
      ...Object.fromEntries(used.map((side) => [side, { range: rangeOf(options.fromZero === true) }])),
    },
    axes: [
      {
        stroke: ink,
        grid,
        ticks: grid,
        font: font(),
        size: 34,
        values: (_, splits) => splits.map(stepLabel),
      },
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- uPlot's enum is there in types only
      ...used.map((side) => ({
        scale: side,
        side: side === 'left' ? 3 : 1,
        stroke:
          used.length === 1
            ? ink
            : colour(lines.find((line) => (line.side ?? 'left') === side)?.colour ?? 'muted'),
        grid: side === 'left' ? grid : { show: false },
        ticks: grid,
        font: font(),
        size: axisSize,
        /** @type {uPlot.Axis.Values} */
        values: (_, splits) => splits.map((value) => axisLabel(value)),
      })),
    ],
    series: [
      { label: 'step', value: (_, value) => (value === null ? '' : count(value)) },
      ...lines.map((line, index) => seriesOf(line, stacked, (at) => shown(index, at))),
    ],
    ...(stacked
      ? {
          bands: lines
            .slice(1)
            .map((_, index) => ({ series: /** @type {[number, number]} */ ([index + 2, index + 1]) })),
        }
      : {}),
    hooks: {
      setCursor: [
        (plot) => {
          if (plot.cursor.idx === null || plot.cursor.idx === undefined) pointAtEnd(plot);
        },
      ],
    },
  };
}

/**
 * @param {Line} line
 * @param {boolean} stacked
 * @param {(index: number) => number | null | undefined} shown
 * @returns {uPlot.Series}
 */
function seriesOf(line, stacked, shown) {
  const stroke = line.faint ? `${colour(line.colour)}66` : colour(line.colour);
  return {
    label: line.label,
    scale: line.side ?? 'left',
    stroke,
    width: stacked ? 0 : line.dots || line.faint ? 1.25 : 1.75,
    spanGaps: line.dots === true,
    points: line.dots ? { show: true, size: 5, fill: stroke } : { show: false },
    ...(line.fills ? { fill: `${colour(line.colour)}${stacked ? 'c0' : '26'}` } : {}),
    value: (_, value, _series, index) => number((index === null ? null : shown(index)) ?? value),
  };
}

/**
 * A scale that shows where the curve is now: the first points do not count.
 * @param {boolean} fromZero
 * @returns {uPlot.Range.Function}
 */
const rangeOf = (fromZero) => (plot, _low, _high, scale) => {
  const from = plot.data[0].length > 20 ? Math.floor(plot.data[0].length * early) : 0;
  let [low, high] = [fromZero ? 0 : Infinity, -Infinity];
  plot.series.forEach((series, line) => {
    if (line === 0 || series.scale !== scale || series.show === false) return;
    const values = plot.data[line] ?? [];
    for (let index = from; index < values.length; index += 1) {
      const value = values[index];
      if (value === null || value === undefined || !Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  });
  if (!(high >= low)) return [0, 1];
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [fromZero ? 0 : low - room, high + room];
};

/** @type {uPlot.Axis.Size} */
const axisSize = (_plot, values) => 24 + 7 * Math.max(2, ...(values ?? []).map((text) => text.length));

/** @param {number} value */
const stepLabel = (value) =>
  value >= 10_000 ? `${+(value / 1000).toFixed(1)}k` : Number.isInteger(value) ? String(value) : '';

/** @param {number} value */
function axisLabel(value) {
  const size = Math.abs(value);
  if (size >= 10_000) return `${+(value / 1000).toPrecision(4)}k`.replace(/^-/, '−');
  if (size > 0 && size < 1e-5) return value.toExponential(0);
  return (+value.toPrecision(4)).toLocaleString('en-US', { maximumFractionDigits: 6 }).replace(/^-/, '−');
}

const font = () => `12px ${getComputedStyle(document.body).fontFamily}`;

/** @param {string} name of a CSS variable */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
