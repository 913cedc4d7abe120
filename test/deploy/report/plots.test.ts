import assert from 'node:assert/strict';
import { test } from 'node:test';
import { palette } from '../../../deploy/report/palette.ts';
import { drawPlot, lineSpec, resized, shareSpec, type Series } from '../../../deploy/report/plots.ts';

const series: Series[] = [
  {
    name: 'batch 1000',
    points: [
      [1, 10],
      [2, 5],
      [3, 2.5],
    ],
  },
  {
    name: 'batch 6300',
    dash: [6, 3],
    points: [
      [1, 12],
      [2, 8],
      [3, 6],
    ],
  },
  { name: 'nothing yet', points: [] },
];
const plot = { x: 'epoch', y: 'nats per sample', series, size: 'half' } as const;

/** Vertices of the longest path of a colour. */
function vertices(svg: string, colour: string): number {
  const paths = [...svg.matchAll(/<path [^>]*>/g)].map(([path]) => path);
  const lines = paths.filter((path) => path.includes(`stroke="${colour}"`));
  return Math.max(0, ...lines.map((path) => (path.match(/[ML]/g) ?? []).length));
}

test('each series is a line through its points, in its colour, and is named', async () => {
  const svg = await drawPlot(lineSpec(plot));
  assert.equal(vertices(svg, palette.blue), 3);
  assert.equal(vertices(svg, palette.vermilion), 3);
  for (const text of ['epoch', 'nats per sample', 'batch 1000', 'batch 6300']) assert.ok(svg.includes(text));
  assert.match(svg, /stroke-dasharray="6,3"/);
  assert.ok(!svg.includes('nothing yet'));
});

test('a single series needs no legend', async () => {
  const svg = await drawPlot(lineSpec({ ...plot, series: series.slice(0, 1) }));
  assert.ok(!svg.includes('role-legend'));
});

test('a logarithmic axis has powers of ten over many decades, and finer ticks over few', async () => {
  const points = [1e-3, 1, 1e3].map((y, x) => [x, y] as const);
  const many = await drawPlot(lineSpec({ ...plot, logarithmic: true, series: [{ name: 'a', points }] }));
  for (const tick of ['0.001', '1', '1,000']) assert.ok(many.includes(`>${tick}<`), tick);
  const few = await drawPlot(lineSpec({ ...plot, logarithmic: true, series }));
  assert.ok(few.includes('>5<') && few.includes('>10<'));
});

test('shares are stacked, from the bottom up, with a name each', async () => {
  const rows = [0, 1, 2].map((x) => ({ x, shares: [0.8, 0.2] }));
  const spec = shareSpec({ x: 'epoch', y: 'share', parts: ['compute', 'exchange'], rows, size: 'half' });
  const svg = await drawPlot(spec);
  for (const text of ['compute', 'exchange', '100%', palette.blue, palette.vermilion]) {
    assert.ok(svg.includes(text), text);
  }
});

test('a plot can be drawn in another size', async () => {
  const widthOf = (svg: string): number => Number(/width="(\d+)"/.exec(svg)?.[1]);
  const half = await drawPlot(lineSpec(plot));
  const wide = await drawPlot(resized(lineSpec(plot), 'wide'));
  assert.ok(widthOf(wide) > 1.8 * widthOf(half));
});
