import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeReport } from '../../../deploy/report/report.ts';
import { makeUpFolder } from '../../support/made-up-folder.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('Markdown and JSON hold what the page holds', async () => {
  const folder = temporaryFolder();
  makeUpFolder(folder, { epochs: 3 });
  await writeReport(folder);
  const text = readFileSync(join(folder, 'report.md'), 'utf8');
  for (const part of ['# ', '](pictures/loss.svg)', '| held out |', '--learning-rate 0.003'])
    assert.ok(text.includes(part), part);
  assert.doesNotMatch(text, /NaN|undefined/);
  const content = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Record<string, unknown>;
  assert.equal(content['steps'], 60);
  assert.match(String(content['command']), /--seed 7/);
});

test('a run that has just begun has both', async () => {
  const folder = temporaryFolder();
  makeUpFolder(folder, { epochs: 0, pictures: false, componentVariance: false });
  await writeReport(folder);
  assert.match(readFileSync(join(folder, 'report.md'), 'utf8'), /What differs from the defaults/);
  const content = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Record<string, unknown>;
  assert.equal(content['best'], null);
});
