/** The real command, as a process: exit codes, standard streams, and a reader that goes away. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

const lockstep = resolve(import.meta.dirname, '../../deploy/lockstep.mjs');
const timeoutMs = 60_000;

function run(args: readonly string[], environment: Record<string, string> = {}) {
  const env = { ...process.env, ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, [lockstep, ...args], {
    env,
    encoding: 'utf8',
    timeout: timeoutMs,
  });
  return { status, stdout, stderr };
}

test('version and help are on standard output, with exit code 0', () => {
  assert.match(run(['--version']).stdout, /^\d+\.\d+\.\d+\n$/);
  const help = run(['train', '--help']);
  assert.deepEqual([help.status, help.stderr], [0, '']);
  for (const flag of ['--batch-size', '--resume', '--print-config', '--json'])
    assert.ok(help.stdout.includes(flag));
});

test('without a command the help is on standard error, with exit code 64', () => {
  const { status, stdout, stderr } = run([]);
  assert.deepEqual([status, stdout], [64, '']);
  assert.match(stderr, /lockstep train/);
});

test('--print-config prints YAML alone, and tells slips on standard error', () => {
  const { status, stdout, stderr } = run(['train', '--print-config', '--workers', '2'], {
    LOCKSTEP_SEDE: '3',
  });
  assert.equal(status, 0);
  assert.equal((parse(stdout) as { workers: number }).workers, 2);
  assert.match(stderr, /^lockstep: LOCKSTEP_SEDE .* did you mean LOCKSTEP_SEED\?\n$/);
});

test('a mistake is one line on standard error, nothing on standard output, and its exit code', () => {
  const mistakes: [number, string[], Record<string, string>][] = [
    [64, ['train', '--batch-size', 'abc'], {}],
    [78, ['train'], { LOCKSTEP_BATCH_SIZE: 'abc' }],
    [65, ['train', '--config', join(import.meta.dirname, 'missing.yaml')], {}],
  ];
  for (const [code, args, environment] of mistakes) {
    const { status, stdout, stderr } = run(args, environment);
    assert.deepEqual([status, stdout], [code, '']);
    assert.match(stderr, /^lockstep: [^\n]+\n$/);
  }
});

test('a reader that goes away is no failure', () => {
  const line = `"${process.execPath}" "${lockstep}" train --print-config | head -c 1; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8', timeout: timeoutMs });
  assert.deepEqual([stdout, stderr], ['p0\n', '']);
});
