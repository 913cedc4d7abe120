/** Copies that are made from rows as they are sent, by one worker or several, in one go or in two. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { scanRowCache } from '../../shared/data/row-cache.ts';
import { describeData, packRows } from '../../shared/protocol/row-frames.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import { copyData } from '../../worker/copy-data.ts';
import { copyPath } from '../../worker/data.ts';
import type { FetchRows } from '../../worker/equipment.ts';
import { memoryDataset } from '../support/fake-models.ts';
import { createRowHasher } from '../../shared/data/row-hash.ts';
import { temporaryFolder } from '../support/temporary.ts';

const shape = { height: 2, width: 3, channels: 1 };
const rows = memoryDataset(shape, 2500, 9, 4);
const hash = hashOf();
const about = { ...describeData(rows, '/elsewhere'), hash };

function hashOf(): string {
  const hasher = createRowHasher();
  hasher.update(
    packRows(
      { ...rows, labels: null },
      Array.from({ length: rows.rowCount }, (_, row) => row),
    ),
  );
  return hasher.digest(shape, rows.rowCount, rows.labels);
}

/** Answers as a coordinator does. @param most requests; then it is of no use any more */
function fetchOf(most = Infinity, spoil = false) {
  const asked: string[] = [];
  const fetch: FetchRows = async (wanted, use) => {
    for (const { key, count, indices } of wanted) {
      if (asked.length === most) return false;
      asked.push(key);
      await nextTurn();
      const packed = packRows(rows, [...indices()]);
      if (spoil) packed[0]! ^= 1;
      const width = count * 6;
      use({ rows: packed.subarray(0, width), labels: packed.subarray(width), rowCount: count });
    }
    return true;
  };
  return { asked, fetch };
}

function subject() {
  const dataDir = join(temporaryFolder(), 'copies');
  let now = 0;
  const clock: Clock = {
    nowMs: () => now,
    wallTime: () => new Date(0),
    after(delayMs, callback) {
      now += delayMs;
      setImmediate(callback);
      return () => {};
    },
  };
  const lines: string[] = [];
  const copy = (fetch: FetchRows) =>
    copyData({ of: 'training', about, dataDir, fetch, clock, log: (line) => void lines.push(line) });
  return { dataDir, path: copyPath(dataDir, hash), copy, lines };
}

test('a copy is the data set, byte for byte, and is made once', async () => {
  const { path, copy, dataDir } = subject();
  const made = await copy(fetchOf().fetch);
  assert.equal(made!.hash, hash);
  assert.equal(scanRowCache(path).rowCount, rows.rowCount);
  assert.deepEqual(made!.labels, rows.labels);
  assert.deepEqual(readdirSync(dataDir).length, 1, 'nothing else is left');
  const again = fetchOf();
  assert.equal((await copy(again.fetch))!.hash, hash);
  assert.deepEqual(again.asked, []);
});

test('a copy that was broken off goes on where it ended', async () => {
  const { path, copy, lines } = subject();
  assert.equal(await copy(fetchOf(2).fetch), null);
  assert.ok(!existsSync(path));
  const rest = fetchOf();
  assert.equal((await copy(rest.fetch))!.hash, hash);
  assert.deepEqual(rest.asked, ['copy training 2048']);
  assert.match(lines.join('\n'), /2048 of 2500 rows are there/);
});

test('rows that were damaged are never taken for the data set, and the next attempt begins anew', async () => {
  const { path, copy } = subject();
  await assert.rejects(copy(fetchOf(Infinity, true).fetch), { message: /the copy has hash/, exitCode: 65 });
  assert.ok(!existsSync(path));
  assert.equal((await copy(fetchOf().fetch))!.hash, hash);
});

test('of several workers of one box one copies, and the others wait for it', async () => {
  const { copy } = subject();
  const fetches = [fetchOf(), fetchOf(), fetchOf()];
  const first = copy(fetches[0]!.fetch);
  await nextTurn();
  const others = fetches.slice(1).map(({ fetch }) => copy(fetch));
  const made = await Promise.all([first, ...others]);
  assert.deepEqual(
    made.map((each) => each!.hash),
    [hash, hash, hash],
  );
  assert.deepEqual(
    fetches.map(({ asked }) => asked.length),
    [3, 0, 0],
  );
});
