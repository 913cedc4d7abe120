/** Specifications of plots that only a sweep needs: lines with bands, bars of phases, effects with intervals. */
import type { TopLevelSpec } from 'vega-lite';
import { palette, type Colour } from '../palette.ts';
import { lineSpec, plotConfig, plotSizes, type LinePlot } from '../plots.ts';
import type { Curve } from './curves.ts';

type Loose = Record<string, unknown>;

/** The x at which curves are compared, drawn as an upright line; and whether x is logarithmic. */
export interface BandOptions {
  readonly mark: number | null;
  readonly logarithmicX: boolean;
}

/** Lines over the ranges that they are means of. */
export function bandSpec(
  plot: Omit<LinePlot, 'series'> & { readonly series: readonly Curve[] },
  { mark, logarithmicX }: BandOptions,
): TopLevelSpec {
  const spec = lineSpec(plot) as unknown as {
    readonly layer: Loose[];
    readonly encoding: Record<string, Loose>;
  };
  const bands = plot.series
    .filter(({ band }) => band.length > 1)
    .map(({ band, name }) => ({
      data: { values: band.map(({ x, low, high }) => ({ x, y: low, y2: high, name })) },
      mark: { type: 'area', opacity: 0.18, clip: true },
      encoding: { y2: { field: 'y2' } },
    }));
  const upright = mark === null ? [] : [uprightAt(mark, plotSizes[plot.size].height)];
  const x = logarithmicX ? { ...spec.encoding['x'], ...logarithmic } : spec.encoding['x'];
  const { strokeDash, color, ...others } = spec.encoding; // areas have no dashes
  const legend = legendOf(
    plot.series.map(({ name }) => name),
    plotSizes[plot.size].width,
  );
  const solid = { ...color, ...(plot.series.length > 1 && { legend }) };
  const lines = spec.layer.map((layer) => ({ ...layer, encoding: { strokeDash } }));
  const layer = [...bands, ...upright, ...lines];
  return { ...spec, encoding: { ...others, color: solid, x }, layer } as unknown as TopLevelSpec;
}

/** In as many columns as there is room for. */
function legendOf(names: readonly string[], width: number): Loose {
  const widest = Math.max(...names.map(({ length }) => length));
  const columns = Math.max(1, Math.floor(width / (letterWidth * widest + symbolWidth)));
  return { title: null, symbolOpacity: 1, columns, labelLimit: 400 };
}

const [letterWidth, symbolWidth] = [7.5, 60]; // pixels

const logarithmic = {
  scale: { type: 'log', nice: false, padding: 5 },
  axis: { format: ',~g', labelOverlap: true, tickCount: 6 },
};

const uprightAt = (x: number, height: number): Loose => ({
  data: { values: [{ x }] },
  mark: { type: 'rule', strokeWidth: 1 },
  encoding: {
    y: { value: 0 },
    y2: { value: height },
    color: { value: palette.muted },
    strokeDash: { value: [3, 3] },
  },
});

export interface Bar {
  readonly group: string; // on the x axis
  readonly values: readonly number[]; // one a part, from the bottom up
}

/** Bars of parts, one on the other. */
export function stackedSpec(
  x: string,
  y: string,
  parts: readonly string[],
  bars: readonly Bar[],
): TopLevelSpec {
  const colours: readonly Colour[] = ['blue', 'vermilion', 'green', 'purple', 'faint']; // as on the live page
  const widest = 0.6 * plotSizes.half.width;
  const values = bars.flatMap(({ group, values: own }) =>
    parts.map((name, order) => ({ group, name, order, value: own[order] ?? 0 })),
  );
  return {
    ...plotSizes.half,
    config: plotConfig,
    data: { values },
    mark: { type: 'bar', size: Math.min(36, widest / bars.length), stroke: palette.ink, strokeWidth: 0.4 },
    encoding: {
      x: { field: 'group', type: 'nominal', sort: null, title: x, axis: { labelAngle: 0 } },
      y: { field: 'value', type: 'quantitative', title: y, stack: 'zero' },
      color: {
        field: 'name',
        type: 'nominal',
        scale: { domain: [...parts], range: colours.map((name) => palette[name]) },
        legend: { title: null, symbolType: 'square', symbolSize: 120, symbolStrokeWidth: 0 },
      },
      order: { field: 'order', type: 'quantitative' },
    },
  } as TopLevelSpec;
}

export interface EffectMark {
  readonly group: string; // on the x axis
  readonly series: string;
  readonly values: readonly number[]; // of each seed
  readonly mean: number;
  readonly low: number; // infinite ends are not drawn
  readonly high: number;
}

const shapes = ['circle', 'square', 'triangle-up', 'diamond', 'cross'] as const;

/**
 * Differences of each seed, their means and intervals, groups side by side, zero as a line. The y axis is made for
 * the differences; intervals that are far longer leave it.
 */
export function effectSpec(
  x: string,
  y: string,
  series: readonly string[],
  marks: readonly EffectMark[],
): TopLevelSpec {
  const colours: readonly Colour[] = ['blue', 'vermilion', 'green', 'purple', 'amber'];
  const { low, high } = frameOfEffects(marks);
  const legend = { ...legendOf(series, plotSizes.wideFlat.width), symbolSize: 110 };
  const scale = { domain: [low, high], nice: false };
  const named = {
    color: {
      field: 'series',
      type: 'nominal',
      scale: { domain: [...series], range: series.map((_, index) => palette[colours[index % 5] ?? 'ink']) },
      legend,
    },
    shape: {
      field: 'series',
      type: 'nominal',
      scale: {
        domain: [...series],
        range: series.map((_, index) => shapes[(index + Math.floor(index / 5)) % 5]),
      },
      legend,
    },
  };
  const place = {
    x: { field: 'group', type: 'nominal', sort: null, title: x, axis: { labelAngle: 0 } },
    xOffset: { field: 'series', type: 'nominal', sort: null, scale: { domain: [...series] } },
  };
  const whole = marks.filter((mark) => Number.isFinite(mark.low) && Number.isFinite(mark.high));
  const cut = whole.map((mark) => ({
    ...mark,
    low: Math.max(low, mark.low),
    high: Math.min(high, mark.high),
  }));
  const seeds = marks.flatMap(({ values, group, series: name }) =>
    values.map((value) => ({ value, group, series: name })),
  );
  const means = { field: 'mean', type: 'quantitative', title: y };
  return {
    ...plotSizes.wideFlat,
    config: plotConfig,
    layer: [
      {
        data: { values: [{ zero: 0 }] },
        mark: { type: 'rule', strokeWidth: 1, color: palette.muted },
        encoding: { y: { field: 'zero', type: 'quantitative', title: y, scale } },
      },
      {
        data: { values: cut },
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: {
          ...place,
          y: { field: 'low', type: 'quantitative', title: y },
          y2: { field: 'high' },
          color: named.color,
        },
      },
      {
        data: { values: seeds },
        mark: { type: 'tick', thickness: 1.5, width: 14, opacity: 0.75, orient: 'horizontal' },
        encoding: {
          ...place,
          y: { field: 'value', type: 'quantitative', title: y },
          color: named.color,
        },
      },
      {
        data: { values: marks },
        mark: { type: 'point', filled: true, size: 90, opacity: 1 },
        encoding: { ...place, y: means, ...named },
      },
    ],
  } as unknown as TopLevelSpec;
}

const room = 0.35; // of the range of differences, above and below it

function frameOfEffects(marks: readonly EffectMark[]): { readonly low: number; readonly high: number } {
  const values = [0, ...marks.flatMap((mark) => mark.values)];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const margin = room * (most - least || 1);
  return { low: least - margin, high: most + margin };
}
