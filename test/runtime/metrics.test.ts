import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { addProcessMetrics, createMetrics } from '../../shared/runtime/metrics.ts';
import { requires } from '../support/requires.ts';

test('what nobody has set is not exported; counters begin at 0', async () => {
  const metrics = createMetrics({ run_id: 'r' });
  metrics.counter({ name: 'lockstep_a_total', help: 'A.' });
  const gauge = metrics.gauge({ name: 'lockstep_level', help: 'B.' });
  const series = async (): Promise<string[]> =>
    (await metrics.read()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.deepEqual(await series(), ['lockstep_a_total{run_id="r"} 0']);
  gauge.set(NaN);
  assert.deepEqual((await series()).slice(1), ['lockstep_level{run_id="r"} Nan']);
  gauge.clear();
  assert.equal((await series()).length, 1);
});

test('what is only known when somebody looks is looked up for every reading', async () => {
  const metrics = createMetrics({});
  const gauge = metrics.gauge({ name: 'lockstep_ages_seconds', help: 'Ages.', labels: ['rank'] });
  let readings = 0;
  metrics.onRead(async () => {
    readings += 1;
    gauge.clear();
    gauge.set(readings, { rank: readings });
  });
  await metrics.read();
  assert.match(await metrics.read(), /\nlockstep_ages_seconds\{rank="2"\} 2\n$/);
});

test('promtool finds nothing wrong with metrics of every kind', async (context) => {
  if (!requires('promtool', context)) return;
  const metrics = createMetrics({ run_id: 'r' });
  metrics.counter({ name: 'lockstep_a_total', help: 'A.', labels: ['kind'] }).add(2, { kind: 'x' });
  metrics.gauge({ name: 'lockstep_room_bytes', help: 'B.' }).set(Infinity);
  metrics.histogram({ name: 'lockstep_wait_seconds', help: 'C.' }, [1, 2]).observe(1.5);
  addProcessMetrics(metrics, 1000);
  const input = await metrics.read();
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
});
