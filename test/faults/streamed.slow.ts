/**
 * Workers on whose box the data is not, as real processes: its folder is hidden from them. Whether rows are streamed
 * or copied, and whoever is killed, the run ends in the bits of one whose workers see it.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { suite, test } from 'node:test';
import { cacheFolder } from '../../deploy/cli/folders.ts';
import { scanRowCache } from '../../shared/data/row-cache.ts';
import { startRun, undisturbed } from '../support/faults/runs.ts';
import { stepsIn, summaryOf, until } from '../support/lockstep.ts';
import { requiresHiding } from '../support/requires.ts';
import { temporaryFolder } from '../support/temporary.ts';

const steps = 24; // over four epochs
const within = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none "$0" && exec "$@"', cacheFolder()];

suite('workers that do not see the data', { timeout: 280_000 }, () => {
  test('compute the same bits, whoever of them is killed, and though the coordinator is', async (context) => {
    if (!requiresHiding(context)) return;
    const dataDir = temporaryFolder();
    const often = ['--checkpoint-every', '3steps'];
    const first = await startRun(['--steps', `${steps}`, '--workers', '2', ...often], context);
    const port = ['--port', first.endpoint.split(':').at(-1)!];
    const streamed = first.add(null, { within });
    const copying = first.add(null, { within, data: { mode: 'copy', dataDir } });
    const killed = first.add(
      { kind: 'kill', at: 'gradient', call: 3, when: 'before' },
      { data: { mode: 'stream', dataDir } },
    );
    await first.says(
      /rank \d \(.*\) cannot see the data \(.*no such file.*\): its rows are streamed, about \d+ %/,
    );
    await first.says(/rank \d \(.*\) was told not to look: its rows are streamed/);
    await first.says(/rank \d \(.*\) copied the data into .*copy-[0-9a-f]{32}\.rows/);
    assert.equal(await killed.ended, 'SIGKILL');
    await until(() => stepsIn(first.runDir) >= 6, first.told);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await startRun(['--resume', first.runDir, '--workers', '2', ...port], context);
    const summary = summaryOf(await second.ended);
    assert.equal(summary.parametersSha256, await undisturbed(steps));
    for (const { ended } of [streamed, copying]) assert.equal(await ended, 0);
    assert.match(streamed.told(), /rows of [\d.]+ MB were sent to it; it waited for them/);
    const [copy, ...others] = readdirSync(dataDir);
    assert.deepEqual(others, []);
    assert.equal(scanRowCache(`${dataDir}/${copy}`).rowCount, 600);
  });
});
