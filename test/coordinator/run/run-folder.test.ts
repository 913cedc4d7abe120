import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  createRunFolder,
  isRunFolder,
  readRunConfig,
  readRunSettings,
  reopenRunFolder,
  type RunFolder,
} from '../../../coordinator/run/run-folder.ts';
import { configSchema } from '../../../shared/runtime/config.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const owner = { host: 'box', pid: 1, startedAt: '2026-01-01T00:00:00Z' };

test('a run folder is made of a new path or an empty folder, and of nothing else', () => {
  const parent = temporaryFolder();
  const empty = join(parent, 'empty');
  mkdirSync(empty);
  createRunFolder(empty, owner);
  createRunFolder(join(parent, 'deep/er/new'), owner);
  const file = join(parent, 'file');
  writeFileSync(file, '');
  for (const path of [empty, parent, file, join(file, 'below')]) {
    assert.throws(() => createRunFolder(path, owner), {
      exitCode: 64,
      message: /--resume .* or name another folder$/,
    });
  }
});

test('a reopened folder is the same run, and whoever had it writes nothing from then on', () => {
  const path = join(temporaryFolder(), 'run');
  const first = createRunFolder(path, owner);
  first.assertOwned();
  const second = reopenRunFolder(path, owner);
  assert.equal(second.runId, first.runId);
  assert.deepEqual([first.incarnation, second.incarnation], [1, 2]);
  second.assertOwned();
  for (const write of [first.assertOwned, () => first.writeConfig(configSchema.parse({}), null)]) {
    assert.throws(write, { exitCode: 78, message: /a second coordinator took over/ });
  }
});

test('what is no run folder is not resumed', () => {
  const folder = temporaryFolder();
  for (const path of [folder, join(folder, 'missing')]) {
    assert.throws(() => reopenRunFolder(path, owner), { exitCode: 65, message: /expected a run folder/ });
    assert.equal(isRunFolder(path), false);
  }
  writeFileSync(join(folder, 'run.json'), '{}');
  assert.throws(() => reopenRunFolder(folder, owner), { exitCode: 65, message: /names no run/ });
});

test('the configuration comes back as it was, and a damaged one is refused in one line', () => {
  const run = createRunFolder(join(temporaryFolder(), 'run'), owner);
  const config = configSchema.parse({
    batchSize: 6300,
    components: null,
    data: ['a b.mat', 'no'],
    learningRate: 1e-7,
  });
  for (const preset of [null, 'svhn-2017'] as const) {
    run.writeConfig(config, preset);
    assert.deepEqual(run.readConfig(), config);
    assert.deepEqual(readRunSettings(run.path), { config, preset });
  }
  assert.equal(isRunFolder(run.path), true);
  const file = join(run.path, 'config.yaml');
  assert.match(readFileSync(file, 'utf8'), /^# The complete configuration of run .*--resume/s);
  for (const text of ['batchSize: many', ': [', 'unknownField: 1', 'preset: svnh', '']) {
    writeFileSync(file, text);
    assert.throws(
      () => readRunConfig(run.path),
      (error: Error & { exitCode?: number }) => {
        return error.exitCode === 65 && error.message.startsWith(file) && !error.message.includes('\n');
      },
    );
  }
});

test('a folder behind a symbolic link stays the one that was claimed', () => {
  const parent = temporaryFolder();
  mkdirSync(join(parent, 'real'));
  symlinkSync('real', join(parent, 'link'));
  assert.match(createRunFolder(join(parent, 'link'), owner).path, /real$/);
});

test('the id of a run leads out of no folder, whoever wrote its run.json', () => {
  const path = join(temporaryFolder(), 'run');
  createRunFolder(path, owner);
  const claimed = (runId: string): (() => RunFolder) => {
    writeFileSync(join(path, 'run.json'), JSON.stringify({ runId }));
    return () => reopenRunFolder(path, owner);
  };
  for (const id of ['digits-1', '2026-11-24.a_b', 'x'.repeat(64)]) assert.equal(claimed(id)().runId, id);
  for (const id of ['', '.', '..', '../x', 'a/b', '.hidden', '-x', 'x'.repeat(65), 'a\nb', 'a\0', '/etc/x']) {
    assert.throws(claimed(id), { exitCode: 65 }, id);
  }
});
