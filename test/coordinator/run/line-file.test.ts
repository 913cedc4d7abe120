import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { cutLines, openLineFile, readLines } from '../../../coordinator/run/line-file.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const below = (step: number) => (record: object) => (record as { step: number }).step < step;
const stepsIn = (folder: string): number[] =>
  (readLines(folder, 'a') as { step: number }[]).map(({ step }) => step);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, step) => step);

test('what was appended is read back in order, across pieces; unflushed lines wait in memory', async () => {
  const folder = temporaryFolder();
  const file = openLineFile(folder, 'a', 100);
  for (const step of upTo(50)) {
    file.append({ step, loss: NaN });
    if (step % 4 === 3) file.flush();
  }
  assert.deepEqual(stepsIn(folder), upTo(48));
  file.flush();
  await file.sync();
  assert.deepEqual(stepsIn(folder), upTo(50));
  assert.ok(existsSync(join(folder, 'a-0001.jsonl')) && readdirSync(folder).length > 5);
  assert.deepEqual(readLines(folder, 'a')[0], { step: 0, loss: NaN });
  assert.deepEqual(readLines(folder, 'none'), []);
});

test('a cut leaves what comes before it, and appending goes on from there', () => {
  const parent = temporaryFolder();
  let trial = 0;
  fc.assert(
    fc.property(fc.nat(60), fc.nat(70), fc.integer({ min: 20, max: 2000 }), (count, cut, maxBytes) => {
      const folder = join(parent, String((trial += 1)));
      mkdirSync(folder);
      const file = openLineFile(folder, 'a', maxBytes);
      for (const step of upTo(count)) {
        file.append({ step });
        file.flush();
      }
      cutLines(folder, 'a', below(cut));
      assert.deepEqual(stepsIn(folder), upTo(Math.min(count, cut)));
      const again = openLineFile(folder, 'a', maxBytes);
      for (const step of upTo(count).slice(cut)) again.append({ step });
      again.flush();
      assert.deepEqual(stepsIn(folder), upTo(count));
    }),
    { numRuns: 40 },
  );
});

test('a torn last line is passed over, and cut; a damaged one in the middle is named', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'a.jsonl');
  writeFileSync(path, '{"step":0}\n{"step":1}\n{"ste');
  assert.deepEqual(stepsIn(folder), [0, 1]);
  cutLines(folder, 'a', below(9));
  assert.equal(readFileSync(path, 'utf8'), '{"step":0}\n{"step":1}\n');
  appendFileSync(path, '\0\0\0\n{"step":2}\n');
  assert.throws(() => readLines(folder, 'a'), { exitCode: 65, message: /a\.jsonl line 3 is damaged/ });
  cutLines(folder, 'a', below(9)); // what comes behind it is no continuous history
  assert.deepEqual(stepsIn(folder), [0, 1]);
});

test('lines that could not be written are written when it is possible again', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'a.jsonl'));
  const file = openLineFile(folder, 'a');
  file.append({ step: 0 });
  assert.throws(() => file.flush(), /EISDIR/);
  file.append({ step: 1 });
  rmdirSync(join(folder, 'a.jsonl'));
  file.flush();
  assert.deepEqual(stepsIn(folder), [0, 1]);
});
