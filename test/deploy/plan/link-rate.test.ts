import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLinkRate } from '../../../deploy/plan/link-rate.ts';

test('rates are bits per second, in thousands', () => {
  assert.equal(parseLinkRate('1gbit').bitsPerSecond, 1e9);
  assert.equal(parseLinkRate('2.5gbit').bitsPerSecond, 2.5e9);
  assert.equal(parseLinkRate('500mbit').bitsPerSecond, 5e8);
});

for (const text of ['', '1', 'gbit', '0gbit', '-1gbit', '1 gbit', '1Gb/s']) {
  test(`${JSON.stringify(text)} is no rate`, () => {
    assert.throws(() => parseLinkRate(text, '--rate'), /--rate got .*, expected a rate such as 500mbit/);
  });
}
