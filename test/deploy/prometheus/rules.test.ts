import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { requires } from '../../support/requires.ts';

const folder = resolve(import.meta.dirname, '../../../deploy/prometheus');
const ruleTests = resolve(import.meta.dirname, 'rules.test.yml');

function promtool(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return stdout;
}

test('Prometheus accepts the configuration and both files of rules', (context) => {
  if (!requires('promtool', context)) return;
  assert.match(promtool('check', 'config', `${folder}/prometheus.yml`), /2 rule files found/);
});

test('every alert fires and resolves, and recorded series have the values worked out by hand', (context) => {
  if (!requires('promtool', context)) return;
  assert.match(promtool('test', 'rules', ruleTests), /SUCCESS/);
});

test('every alert has a rule test and a real fault, says which run, and what to do', () => {
  const { groups } = parse(readFileSync(`${folder}/alerts.rules.yml`, 'utf8')) as {
    groups: { rules: { alert: string; annotations: { summary: string; description: string } }[] }[];
  };
  const tested = readFileSync(ruleTests, 'utf8');
  const rules = groups.flatMap((group) => group.rules);
  const real = ['alerts.test.ts', 'alerts.slow.ts'].map((name) =>
    readFileSync(`${import.meta.dirname}/${name}`, 'utf8'),
  );
  assert.ok(rules.length > 0);
  for (const { alert, annotations } of rules) {
    assert.ok(
      new RegExp(`alertname: ${alert}\\n        exp_alerts`).test(tested),
      `${alert} fires in no test`,
    );
    assert.ok(
      real.some((text) => text.includes(`'${alert}'`)),
      `no real fault raises ${alert}`,
    );
    assert.match(annotations.summary, /run \{\{ \$labels\.run \}\}/, alert);
    assert.ok(annotations.description.length > 0, alert);
  }
});
