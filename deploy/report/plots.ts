/**
 * Plots as vega-lite specifications: lines over a common x axis, and shares that add up to one. Data in, SVG
 * out, without a browser; nothing here knows what a run is.
 */
import { compile, type TopLevelSpec } from 'vega-lite';
import { parse, View, type Spec } from 'vega';
import { palette, seriesColours, type Colour } from './palette.ts';
import type { Frame, Point } from './thin.ts';

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  readonly colour?: Colour;
  readonly dash?: readonly [number, number];
  readonly isThin?: boolean; // behind the others
}

export interface LinePlot {
  readonly x: string; // titles of the axes
  readonly y: string;
  readonly series: readonly Series[]; // the first ones lie behind
  readonly size: PlotSize;
  readonly frame?: Frame | null; // of y; all values by default
  readonly fromZero?: boolean; // y
  readonly logarithmic?: boolean; // y
}

export interface SharePlot {
  readonly x: string;
  readonly y: string;
  readonly parts: readonly string[]; // from the bottom up
  readonly rows: readonly { readonly x: number; readonly shares: readonly number[] }[]; // shares: one a part
  readonly size: PlotSize;
}

export type PlotSize = 'wide' | 'wideFlat' | 'half';

/** Of what lies between the axes, in pixels: the whole width of a page, or half of it. */
export const plotSizes = {
  wide: { width: 970, height: 320 },
  wideFlat: { width: 970, height: 200 },
  half: { width: 430, height: 200 },
} as const;
const fewPoints = 40; // up to which they are marked
const roomForLabels = 9; // of a logarithmic axis

export function lineSpec(plot: LinePlot): TopLevelSpec {
  const shown = plot.series.filter(({ points }) => points.length > 0);
  const names = shown.map(({ name }) => name);
  const colours = shown.map(({ colour }, index) => palette[colour ?? seriesColours[index % 5] ?? 'ink']);
  const dashes = shown.map(({ dash }) => dash ?? [1, 0]);
  const legend = shown.length > 1 ? { title: null } : null;
  const frame = plot.frame ?? null;
  const domain = frame === null || plot.logarithmic ? {} : { domain: [frame.low, frame.high], nice: false };
  const encoding = {
    x: { field: 'x', type: 'quantitative', title: plot.x, scale: { zero: false, nice: false, padding: 5 } },
    y: {
      field: 'y',
      type: 'quantitative',
      title: plot.y,
      scale: plot.logarithmic
        ? { type: 'log', nice: false, padding: 8 }
        : { zero: plot.fromZero ?? false, ...domain },
      ...(plot.logarithmic ? { axis: logarithmicAxis(shown) } : {}),
    },
    color: { field: 'name', type: 'nominal', scale: { domain: names, range: colours }, legend },
    strokeDash: { field: 'name', type: 'nominal', scale: { domain: names, range: dashes }, legend },
  };
  const layers = shown.map(({ name, points, isThin }) => ({
    data: { values: points.map(([x, y]) => ({ x, y, name })) },
    mark: {
      type: 'line',
      clip: frame?.isCut ?? false,
      strokeWidth: isThin ? 1 : 2,
      ...(points.length <= fewPoints && !isThin ? { point: { size: 22, filled: true } } : {}),
    },
  }));
  return { ...plotSizes[plot.size], config: plotConfig, encoding, layer: layers } as TopLevelSpec;
}

export function shareSpec({ x, y, parts, rows, size }: SharePlot): TopLevelSpec {
  const values = rows.flatMap((row) =>
    parts.map((name, order) => ({ x: row.x, share: row.shares[order] ?? 0, name, order })),
  );
  const range = parts.map((_, index) => palette[[...seriesColours, 'faint' as const][index % 6] ?? 'ink']);
  return {
    ...plotSizes[size],
    config: plotConfig,
    data: { values },
    mark: { type: 'area', opacity: 0.85, line: false },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: x, scale: { zero: false, nice: false } },
      y: {
        field: 'share',
        type: 'quantitative',
        title: y,
        stack: 'zero',
        scale: { domain: [0, 1] },
        axis: { format: '.0%' },
      },
      color: {
        field: 'name',
        type: 'nominal',
        scale: { domain: [...parts], range },
        legend: { title: null, symbolType: 'square', symbolSize: 120, symbolStrokeWidth: 0 },
      },
      order: { field: 'order', type: 'quantitative' },
    },
  } as TopLevelSpec;
}

/** The same plot in another size. */
export const resized = (spec: TopLevelSpec, size: PlotSize): TopLevelSpec =>
  ({ ...spec, ...plotSizes[size] }) as TopLevelSpec;

function logarithmicAxis(series: readonly Series[]): object {
  const values = logarithmicTicks(series);
  return { values, tickCount: values.length, format: ',~g', labelOverlap: values.length > roomForLabels };
}

/** Powers of ten within the values, and 2 and 5 times these where there are few. */
function logarithmicTicks(series: readonly Series[]): number[] {
  const exponents = series.flatMap(({ points }) => points.map(([, y]) => Math.log10(y)));
  const [low, high] = [Math.min(...exponents), Math.max(...exponents)];
  const factors = high - low > 2.5 ? [1] : high - low > 0.5 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
  const decades = Math.floor(high) - Math.floor(low) + 1;
  return Array.from({ length: decades }, (_, index) => 10 ** (Math.floor(low) + index)).flatMap((decade) =>
    factors
      .map((factor) => factor * decade)
      .filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high),
  );
}

/** @returns an SVG of the plot's own size, without background */
export async function drawPlot(spec: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(spec).spec as Spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

const font = 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif';

export const plotConfig = {
  background: 'transparent',
  font,
  padding: 4,
  view: { stroke: null },
  axis: {
    labelColor: palette.muted,
    titleColor: palette.muted,
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    gridColor: palette.grid,
    domainColor: palette.grid,
    tickColor: palette.grid,
    tickCount: 6,
    labelFlush: false,
  },
  axisX: { grid: false, tickSize: 4, titlePadding: 8 },
  axisY: { domain: false, ticks: false, labelPadding: 6, titlePadding: 10 },
  legend: {
    orient: 'top',
    direction: 'horizontal',
    labelColor: palette.ink,
    labelFontSize: 12,
    labelLimit: 260,
    symbolType: 'stroke',
    symbolSize: 260,
    symbolStrokeWidth: 2.5,
    columnPadding: 20,
    offset: 6,
  },
} as const;
