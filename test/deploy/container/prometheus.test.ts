import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { composedFile, composedPrometheus } from '../../../deploy/container/prometheus.ts';
import { requires } from '../../support/requires.ts';

interface Service {
  readonly volumes: readonly string[];
  readonly secrets: readonly string[];
}

const compose = parse(readFileSync(new URL('compose.yaml', composedFile), 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
};

test('it is what the program writes: node --import tsx deploy/container/write.ts', () => {
  assert.equal(readFileSync(composedFile, 'utf8'), composedPrometheus());
});

test('Prometheus itself takes it', (context) => {
  if (!requires('promtool', context)) return;
  const words = ['check', 'config', '--syntax-only', composedFile.pathname];
  const { status, stdout, stderr } = spawnSync('promtool', words, { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});

test('every file that it names is mounted where it names it, and the token is there', () => {
  const { volumes, secrets } = compose.services['prometheus']!;
  const mounted = volumes.map((each) => each.split(':').at(1)!);
  const { rule_files: rules } = parse(composedPrometheus()) as { rule_files: string[] };
  for (const path of [...rules, '/etc/prometheus/targets']) assert.ok(mounted.includes(path), path);
  assert.deepEqual(secrets, ['http-token']);
  const ofCoordinator = compose.services['coordinator']!.volumes.map((each) => each.split(':')[0]);
  assert.ok(ofCoordinator.includes('targets'));
});
