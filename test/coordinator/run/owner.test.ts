import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertOwner, claim, claimNext, incarnationsIn } from '../../../coordinator/run/owner.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const owner = { host: 'box', pid: 1, startedAt: '2026-01-01T00:00:00Z' };

test('of several owners the last one has the folder, and every earlier one is refused', () => {
  const folder = temporaryFolder();
  const claimed = [1, 2, 3, 4].map(() => claimNext(folder, owner));
  assert.deepEqual(claimed, [1, 2, 3, 4]);
  assertOwner(folder, 4);
  for (const earlier of [1, 2, 3]) {
    const expected = {
      exitCode: 78,
      message: /a second coordinator took over .*incarnation 4.*incarnation [123];/,
    };
    assert.throws(() => assertOwner(folder, earlier), expected);
  }
  assert.deepEqual(readdirSync(folder), ['owner-4.json']);
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'owner-4.json'), 'utf8')), {
    incarnation: 4,
    ...owner,
  });
});

test('an incarnation is claimed once', () => {
  const folder = temporaryFolder();
  assert.equal(claim(folder, 1, owner), true);
  assert.equal(claim(folder, 1, owner), false);
});

test('a claim below the highest is given up: numbers only rise', () => {
  const folder = temporaryFolder();
  claim(folder, 9, owner);
  claim(folder, 3, owner); // somebody who looked long ago
  assert.deepEqual(incarnationsIn(folder), [3, 9]);
  assert.equal(claimNext(folder, owner), 10);
  assert.deepEqual(incarnationsIn(folder), [10]);
});

test('what an owner file holds is not believed, its name is; other files are nothing', () => {
  const folder = temporaryFolder();
  for (const name of ['owner-2.json', 'owner-x.json', 'owner-3.json.old', 'owner.json'])
    writeFileSync(join(folder, name), '{');
  assertOwner(folder, 2);
  rmSync(join(folder, 'owner-2.json'));
  assert.throws(() => assertOwner(folder, 2), { exitCode: 78, message: /has no owner any more/ });
});
