/** Each process tries its share of the schedules; the program is loaded with the edits of edits.mjs in them alone. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { mutations } from './edits.mjs';

interface Ran {
  readonly code: number;
  readonly output: string;
}

function simulate(...args: readonly (string | number)[]): Promise<Ran> {
  const preload = join(import.meta.dirname, 'altered.mjs');
  const script = join(import.meta.dirname, 'simulate.ts');
  const all = ['--import', preload, '--import', 'tsx', script, ...args.map(String)];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });
}

/** Where the search finds a program without the check at once; when the protocol changes, a little later. */
const finders: Readonly<Record<keyof typeof mutations, number>> = {
  epoch: 756,
  duplicate: 27,
  checksum: 6,
  control: 65,
  fence: 39,
  task: 44,
  commit: 747,
  reading: 1909,
};

const scheduleCount = 2000;
const processCount = 2;

describe('simulated by seed', () => {
  test(`${scheduleCount} schedules keep all promises`, async () => {
    const share = scheduleCount / processCount;
    const runs = Array.from({ length: processCount }, (_, index) =>
      simulate('--seed', index * share, '--count', share),
    );
    for (const { code, output } of await Promise.all(runs)) assert.equal(code, 0, output);
  });

  for (const [name, { what }] of Object.entries(mutations))
    test(`a program in which ${what} is found out`, async () => {
      const seed = finders[name]!;
      const { code, output } = await simulate('--mutate', name, '--seed', seed, '--count', scheduleCount);
      assert.equal(code, 1, output);
      assert.match(output, /^seed \d+: /m);
    });

  test('a failure is the same when it is replayed, to the last line of its transcript', async () => {
    const mutate = ['--mutate', 'duplicate'];
    const { output } = await simulate(...mutate, '--seed', finders['duplicate']!, '--count', scheduleCount);
    const args = [...mutate, '--seed', /^seed (\d+): /m.exec(output)![1]!];
    const [first, again] = await Promise.all([simulate(...args), simulate(...args)]);
    assert.equal(first.code, 1);
    assert.equal(first.output, again.output);
    assert.match(first.output, /\n +\d+\.\d\d {2}FAULT +\w+ /);
    assert.match(first.output, /\nreplay: npm run simulate -- --seed \d+\n$/);
  });
});
