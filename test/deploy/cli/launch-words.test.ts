import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitLaunch } from '../../../deploy/cli/launch-words.ts';

const inner = (line: string): string => splitLaunch(line.split(' ')).inner.join(' ');

test("launch's flags end where the command that it launches begins", () => {
  assert.equal(inner('launch -H box1:4,box2 train --seed 2'), 'train --seed 2');
  assert.equal(inner('launch -Hbox1 --ssh=ssh train'), 'train');
  assert.equal(inner('launch --hostfile train train --json'), 'train --json');
});

test('other commands, and help, are left whole', () => {
  assert.deepEqual(splitLaunch(['train', '--seed', '2']), { own: ['train', '--seed', '2'], inner: [] });
  assert.deepEqual(splitLaunch(['launch', '--help']), { own: ['launch', '--help'], inner: [] });
});
