/** The sharpness of a checkpoint from its file alone, as a user measures it, on the wasm runtime. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { evaluateSharpness, sharpnessLines } from '../../../deploy/trained/sharpness.ts';
import { readSharpness, writeSharpness } from '../../../deploy/trained/sharpness-file.ts';
import type { Config } from '../../../shared/runtime/config.ts';
import { madeUpSharpness } from '../../support/made-up-run.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { writeTrainedRun } from '../../support/trained-run.ts';

const measure = (path: string, cacheDir: string) =>
  evaluateSharpness({ path, rows: 40, runtime: 'wasm', cacheDir, say: () => {} });

test('it is the same whatever the batch size of the run, and another on other rows', async () => {
  const figures = async (changes: Partial<Config>) => {
    const folder = temporaryFolder();
    const { path } = await writeTrainedRun(folder, { statisticsRows: 100, ...changes });
    const report = await measure(path, folder);
    assert.equal(readSharpness(folder), null); // a checkpoint is no run's folder
    assert.equal(report.rowCount, 40);
    const { loss, gradientNorm, rise, eigenvalue } = report;
    assert.ok(rise! > 0 && eigenvalue! > 0, JSON.stringify(report));
    return { loss, gradientNorm, rise, eigenvalue };
  };
  const usual = await figures({});
  assert.deepEqual(await figures({ batchSize: 40 }), usual);
  assert.notDeepEqual(await figures({ splitSeed: 8 }), usual);
});

test('a report for people names its rows, and what had not settled', () => {
  const report = { checkpoint: 'step-00000800.safetensors', ...madeUpSharpness({ rowCount: 108 }) };
  const text = sharpnessLines({ ...report, isSettled: false }).join('\n');
  assert.match(text, /108 training rows/);
  assert.match(text, /largest eigenvalue .* not settled/);
  assert.match(sharpnessLines({ ...report, eigenvalue: null }).join('\n'), /not finite/);
});

test('what was measured is read back from a run’s folder, and a damaged file is told of', () => {
  const folder = temporaryFolder();
  assert.equal(readSharpness(folder), null);
  const record = madeUpSharpness({ rise: null });
  writeSharpness(folder, record);
  assert.deepEqual(readSharpness(folder), record);
  writeFileSync(join(folder, 'sharpness.json'), '{');
  assert.throws(() => readSharpness(folder), { exitCode: 65, message: /is damaged: remove it/ });
});
