/** The real Prometheus scrapes a real sweep of two batch sizes: every panel of every dashboard has data. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { dashboards } from '../../../deploy/grafana/dashboards.ts';
import { startLockstep } from '../../support/lockstep.ts';
import { watchWithPrometheus } from '../../support/prometheus.ts';
import { requires } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { smallRun } from '../train/small-run.ts';

/** Every query of every panel, with its variables as Grafana would set them. */
const queries = Object.entries(dashboards()).flatMap(([file, { panels = [] }]) =>
  panels.flatMap((panel) =>
    ('targets' in panel ? (panel.targets ?? []) : []).map((target) => ({
      what: `${file}: ${panel.title}`,
      says: 'description' in panel ? (panel.description ?? '') : '',
      expr: (target as unknown as { expr: string }).expr
        .replaceAll('$run', '.*')
        .replaceAll('$__rate_interval', '6s')
        .replaceAll('$__range', '1m'),
    })),
  ),
);

const words = smallRun.filter((word, at) => word !== '--batch-size' && smallRun[at - 1] !== '--batch-size');

test('every panel has data of a real sweep; those of GPUs say whose figures they show', async (context) => {
  if (!requires('prometheus', context)) return;
  const folder = temporaryFolder();
  const began = Date.now();
  const { targetsFolder, hadData, quiet } = await watchWithPrometheus(context);
  const flags = [...words, '--runtime', 'wasm', '--batch-size', '100,200', '--workers', '1', '--no-control'];
  const place = ['--run-dir', join(folder, 'sizes'), '--targets-dir', targetsFolder];
  const sweep = startLockstep(['sweep', ...flags, '--no-sharpness', '--budget', 'seconds=8', ...place]);
  context.after(() => sweep.processes().forEach(({ pid }) => process.kill(pid, 'SIGKILL')));
  const { code, stderr } = await sweep.ended;
  assert.equal(code, 0, stderr);

  const ofGpus = queries.filter(({ expr }) => expr.includes('DCGM_'));
  const ours = queries.filter((query) => !ofGpus.includes(query));
  assert.ok(ours.length > 40 && ofGpus.length > 0);
  const seconds = Math.ceil((Date.now() - began) / 1000);
  const empty: string[] = [];
  for (const { what, expr } of ours) if (!(await hadData(expr, seconds))) empty.push(`${what}: ${expr}`);
  assert.deepEqual(empty, []);
  for (const { what, says, expr } of ofGpus) {
    await hadData(expr, seconds); // it parses
    assert.match(says, /dcgm-exporter/, what);
  }
  for (const size of [100, 200])
    assert.ok(await hadData(`batch:lockstep_samples:rate30s{batch_size="${size}"}`, seconds), `${size}`);
  await quiet(); // no alert outlives its run
});
