/** The workflow of GitHub: it runs what everybody runs, within a limit, and nothing that may change under its name. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

const root = resolve(import.meta.dirname, '../../..');

interface Job {
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly { readonly uses?: string; readonly run?: string }[];
}

test('the workflow runs .ci/run alone, within a limit, with actions that are pinned', () => {
  const text = readFileSync(`${root}/.github/workflows/ci.yml`, 'utf8');
  const { permissions, jobs } = parse(text) as { permissions: object; jobs: Record<string, Job> };
  assert.deepEqual(permissions, { contents: 'read' });
  for (const job of Object.values(jobs)) {
    assert.ok(job['timeout-minutes']! <= 60);
    const used = job.steps.flatMap(({ uses }) => uses ?? []);
    assert.ok(
      used.length > 0 && used.every((action) => /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(action)),
      used.join(),
    );
    assert.deepEqual(
      job.steps.flatMap(({ run }) => run ?? []),
      ['.ci/run'],
    );
  }
  assert.ok(statSync(`${root}/.ci/run`).mode & 0o100, '.ci/run is a program');
});
