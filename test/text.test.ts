import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatCount,
  formatDuration,
  formatNats,
  formatNumber,
  formatShare,
  plural,
} from '../shared/text.ts';

test('thousands are parted by commas, whatever the locale', () => {
  assert.deepEqual([0, 999, 1000, 48_489_020].map(formatCount), ['0', '999', '1,000', '48,489,020']);
});

test('a noun stands in the singular for one only', () => {
  assert.deepEqual(
    [0, 1, 2000].map((n) => plural(n, 'row')),
    ['0 rows', '1 row', '2,000 rows'],
  );
});

test('a number keeps three digits that matter and never a meaningless fraction', () => {
  const pairs: [number, string][] = [
    [0, '0.00'],
    [1.2345, '1.23'],
    [-12.34, '-12.3'],
    [123.45, '123'],
    [999.96, '1,000'],
    [-8400.4, '-8,400'],
    [0.00123456, '0.00123'],
    [1e-3, '0.001'],
    [1.5e-7, '1.50e-7'],
    [1e20, '1.00e+20'],
  ];
  for (const [value, text] of pairs) assert.equal(formatNumber(value), text);
});

test('what is not finite is named, not hidden', () => {
  assert.deepEqual([NaN, Infinity].map(formatNats), ['NaN', 'Infinity']);
  assert.deepEqual([NaN, -Infinity].map(formatNumber), ['NaN', '-Infinity']);
  assert.equal(formatShare(NaN), '-');
  assert.equal(formatDuration(Infinity), '-');
});

test('losses line up in a column, and absurd ones stay short', () => {
  assert.deepEqual([-251.34, 12.8, -5984.12, 144_299].map(formatNats), [
    '-251.3',
    '12.8',
    '-5,984.1',
    '1.44e+5',
  ]);
});

test('a share is a percentage with a blank before its sign', () => {
  assert.equal(formatShare(0.0904), '9 %');
  assert.equal(formatShare(0.9731, 1), '97.3 %');
});

test('a duration shows its two or three largest units', () => {
  const seconds = [0, 42.4, 59.6, 725, 11_220, 183_845];
  const texts = ['0:00', '0:42', '1:00', '12:05', '3:07:00', '2 d 03:04'];
  assert.deepEqual(seconds.map(formatDuration), texts);
});
