import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitWords } from '../../../deploy/launch/place.ts';

test('the words of --ssh are split as a shell splits them', () => {
  assert.deepEqual(splitWords('ssh -i "my key" -o \'A=b c\' -p 22'), [
    'ssh',
    '-i',
    'my key',
    '-o',
    'A=b c',
    '-p',
    '22',
  ]);
});
