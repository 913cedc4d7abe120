import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawNumber, glyphHeight, numberWidth } from '../../../coordinator/run/glyphs.ts';

function inked(value: number): string {
  const rows = Array.from({ length: glyphHeight }, () => Array<string>(numberWidth(value)).fill(' '));
  drawNumber(value, (x, y) => (rows[y]![x] = '#'));
  return rows.map((row) => row.join('')).join('\n');
}

test('a number is its digits side by side', () => {
  assert.equal(
    inked(17),
    [' #  ###', '##    #', ' #   # ', ' #   # ', '### #  '.replace('#  ', ' # ')].join('\n'),
  );
});

test('no two digits look alike', () => {
  assert.equal(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(inked)).size, 10);
});
