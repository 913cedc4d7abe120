import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { dashboards, dashboardsFolder, textOf } from '../../../deploy/grafana/dashboards.ts';
import { readTypes } from '../../support/fits-type.ts';

interface AnyPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { x: number; y: number; w: number; h: number };
  readonly options?: unknown;
  readonly fieldConfig?: { readonly defaults: { readonly custom?: unknown } };
  readonly targets?: readonly { readonly expr: string }[];
}

const committed = Object.keys(dashboards()).map((name) => {
  const text = readFileSync(new URL(name, dashboardsFolder), 'utf8');
  return { name, text, json: JSON.parse(text) as { uid: string; panels: AnyPanel[] } };
});
const sdk = dirname(
  dirname(createRequire(import.meta.url).resolve('@grafana/grafana-foundation-sdk/dashboard')),
);
/** Queries are as their data source has them; a dashboard's own schema leaves them open. */
const withoutQueries = ({ panels, ...rest }: { panels: readonly AnyPanel[] }) => ({
  ...rest,
  panels: panels.map((panel) => (panel.targets === undefined ? panel : { ...panel, targets: [] })),
});
const typesOf = (module: string): string => join(sdk, module, 'types.gen.d.ts');

test('the committed dashboards are what the code generates', () => {
  assert.deepEqual(readdirSync(dashboardsFolder).sort(), Object.keys(dashboards()).sort());
  for (const [name, dashboard] of Object.entries(dashboards())) {
    const text = committed.find((file) => file.name === name)?.text;
    assert.ok(text === textOf(dashboard), `${name} is old: node --import tsx deploy/grafana/write.ts`);
  }
});

test("every dashboard, panel and query has the fields of Grafana's schema, and no others", () => {
  const visual = ['timeseries', 'stat', 'bargauge', 'table'];
  const styled = ['timeseries', 'table']; // those with settings of their own for each field
  const book = readTypes(['dashboard', 'prometheus', ...visual].map(typesOf));
  const found = committed.flatMap(({ name, json }) => [
    ...book.misfits(withoutQueries(json), typesOf('dashboard'), 'Dashboard'),
    ...json.panels.flatMap(({ type, title, options, fieldConfig, targets = [] }) => {
      if (type === 'row') return [];
      if (!visual.includes(type)) return [`${name}: ${title} is a ${type}, of which the schema is not known`];
      const misfits = [
        ...book.misfits(options ?? {}, typesOf(type), 'Options'),
        ...(styled.includes(type)
          ? book.misfits(fieldConfig?.defaults.custom ?? {}, typesOf(type), 'FieldConfig')
          : []),
        ...targets.flatMap((target) => book.misfits(target, typesOf('prometheus'), 'Dataquery')),
      ];
      return misfits.map((line) => `${name}: ${title}: ${line}`);
    }),
  ]);
  assert.deepEqual(found, []);
});

test('a field that the schema does not know, or a value that it does not allow, is found', () => {
  const book = readTypes(['dashboard', 'timeseries'].map(typesOf));
  const { json } = committed[0]!;
  const wrong = { ...withoutQueries(json), colour: 'red', graphTooltip: 7, tags: 'lockstep' };
  const found = book.misfits(wrong, typesOf('dashboard'), 'Dashboard');
  assert.equal(found.length, 3, found.join('\n'));
  for (const word of ['colour', 'graphTooltip is 7', 'tags is "lockstep"'])
    assert.ok(
      found.some((line) => line.includes(word)),
      word,
    );
});

test('panels have ids of their own, do not overlap, and say how to read them', () => {
  for (const { name, json } of committed) {
    const ids = json.panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length, name);
    const cells = new Set<string>();
    for (const { title, type, description, gridPos } of json.panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, `${name}: ${title} is wider than the page`);
      assert.ok(type === 'row' || (description?.length ?? 0) > 0, `${name}: ${title} says nothing of itself`);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!cells.has(`${x},${y}`), `${name}: ${title} lies on another panel`);
          cells.add(`${x},${y}`);
        }
      }
    }
  }
});

test('samples per second by batch size comes first', () => {
  const training = committed.find(({ name }) => name === 'training.json')!.json.panels;
  assert.match(training.find(({ type }) => type !== 'row')!.title, /samples per second by batch size/i);
});
