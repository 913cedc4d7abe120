import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hostsOf, isHere } from '../../../deploy/launch/hosts.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('a list names boxes, and how many workers each has where it says so', () => {
  assert.deepEqual(hostsOf(['box1:4,me@box2'], null), [
    { name: 'box1', slots: 4 },
    { name: 'me@box2', slots: null },
  ]);
});

test('a box that is named twice has the workers of both', () => {
  assert.deepEqual(hostsOf(['box1:2', 'box1:3'], null), [{ name: 'box1', slots: 5 }]);
});

test("a file has a line a box, in Open MPI's words or ours, with remarks", () => {
  const file = join(temporaryFolder(), 'boxes');
  writeFileSync(file, '# two\nbox1 slots=4 max_slots=8\n\nbox2:2 # the other\nbox3\n');
  const expected = [
    { name: 'box1', slots: 4 },
    { name: 'box2', slots: 2 },
    { name: 'box3', slots: null },
  ];
  assert.deepEqual(hostsOf([file], null), expected);
  assert.deepEqual(hostsOf([], file), expected);
});

test('what is no box is refused with what was got, above all what ssh would take as a flag', () => {
  for (const text of ['-oProxyCommand=x', 'box1:', 'box1:0', 'a b', '']) {
    assert.throws(() => hostsOf([text], null), { exitCode: 64 }, text);
  }
  assert.throws(() => hostsOf([], null), /no box is named/);
  assert.deepEqual(
    hostsOf([], null, () => ['node1']),
    [{ name: 'node1', slots: null }],
  );
  hostsOf(['box1'], null, () => assert.fail('nodes of Slurm are not asked for where boxes are named'));
  assert.throws(() => hostsOf([], '/nowhere/boxes'), { exitCode: 65 });
});

test('this box goes by localhost and by its own name', () => {
  assert.ok(isHere('localhost', 'box1.example.org') && isHere('box1', 'box1.example.org'));
  assert.ok(!isHere('box2', 'box1.example.org') && !isHere('me@box1', 'box1.example.org'));
});
