import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { dashboards } from '../../../deploy/grafana/dashboards.ts';

const read = (path: string): string =>
  readFileSync(new URL(`../../../deploy/${path}`, import.meta.url), 'utf8');

test('dashboards find a data source of their kind by default, and no two share a uid', () => {
  const { datasources } = parse(read('grafana/provisioning/datasources/lockstep.yml')) as {
    datasources: { type: string; isDefault: boolean; url: string; jsonData: { timeInterval: string } }[];
  };
  assert.deepEqual(
    datasources.map(({ type, isDefault }) => ({ type, isDefault })),
    [{ type: 'prometheus', isDefault: true }],
  );
  const all = Object.values(dashboards());
  assert.equal(new Set(all.map(({ uid }) => uid)).size, all.length);
  for (const { templating } of all) {
    const variable = templating.list?.find(({ name }) => name === 'datasource');
    assert.equal(variable?.query, datasources[0]!.type);
  }
});

test('Grafana knows how often Prometheus scrapes, so that a rate over its interval is never empty', () => {
  const { global } = parse(read('prometheus/prometheus.yml')) as { global: { scrape_interval: string } };
  assert.match(
    read('grafana/provisioning/datasources/lockstep.yml'),
    new RegExp(`timeInterval: ${global.scrape_interval}\\b`),
  );
});

test('the provider of dashboards reads a folder that whoever starts Grafana names', () => {
  const { providers } = parse(read('grafana/provisioning/dashboards/lockstep.yml')) as {
    providers: { type: string; options: { path: string } }[];
  };
  assert.deepEqual(
    providers.map(({ type, options }) => ({ type, path: options.path })),
    [{ type: 'file', path: '$LOCKSTEP_DASHBOARDS' }],
  );
});
