import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { configurationOf, type Whereabouts } from '../../../deploy/monitor/configuration.ts';
import { requires } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const rulesFolder = resolve(import.meta.dirname, '../../../deploy/prometheus');
const committed = readFileSync(join(rulesFolder, 'prometheus.yml'), 'utf8');
const where = { rulesFolder, targetsFolder: '/targets', runsFolder: null, tokenFile: null };

interface Made {
  readonly rule_files: readonly string[];
  readonly scrape_configs: readonly {
    readonly job_name: string;
    readonly file_sd_configs: readonly { readonly files: readonly string[] }[];
    readonly authorization?: object;
    readonly relabel_configs?: readonly { readonly regex: string }[];
  }[];
}
const make = (given: Partial<Whereabouts>): Made =>
  parse(configurationOf(committed, { ...where, ...given })) as Made;

test('a made configuration is the committed one with its paths', (context) => {
  const [ours, dcgm] = make({}).scrape_configs;
  assert.deepEqual(ours!.file_sd_configs[0]!.files, ['/targets/*.json']);
  assert.deepEqual(dcgm!.file_sd_configs[0]!.files, ['/targets/dcgm/*.json']);
  if (!requires('promtool', context)) return;
  const folder = temporaryFolder();
  const [path, tokenFile] = [join(folder, 'prometheus.yml'), join(folder, 'token')];
  writeFileSync(tokenFile, 'a-token-of-a-test\n');
  writeFileSync(path, configurationOf(committed, { ...where, runsFolder: '/runs', tokenFile }));
  const checked = spawnSync('promtool', ['check', 'config', path], { encoding: 'utf8', timeout: 60_000 });
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
});

test('a folder keeps its own run and the runs in it, and no other with a name like it', () => {
  const [ours, dcgm] = make({ runsFolder: '/a.b/runs (1)/' }).scrape_configs;
  assert.equal(dcgm!.relabel_configs, undefined);
  const pattern = new RegExp(`^(?:${ours!.relabel_configs![0]!.regex})$`); // Prometheus anchors it so
  for (const kept of ['/a.b/runs (1)', '/a.b/runs (1)/one', '/a.b/runs (1)/sweep/one'])
    assert.match(kept, pattern);
  for (const other of ['/aXb/runs (1)/one', '/a.b/runs (1)2', '/a.b', ''])
    assert.doesNotMatch(other, pattern);
});

test('the token goes to coordinators alone, by the name of its file', () => {
  const [ours, dcgm] = make({ tokenFile: '/secret' }).scrape_configs;
  assert.deepEqual(ours!.authorization, { credentials_file: '/secret' });
  assert.equal(dcgm!.authorization, undefined);
});
