import assert from 'node:assert/strict';
import { test } from 'node:test';
import { darkVariables, lightVariables, palette, withVariables } from '../../../deploy/report/palette.ts';

test('every colour of a picture becomes a variable that light and dark pages define', () => {
  for (const [name, value] of Object.entries(palette)) {
    assert.equal(withVariables(`<path stroke="${value}"/>`), `<path stroke="var(--${name})"/>`);
    for (const variables of [lightVariables, darkVariables]) assert.ok(variables.includes(`--${name}: #`));
  }
});

test('no two colours are the same, so that none is taken for another', () => {
  assert.equal(new Set(Object.values(palette)).size, Object.keys(palette).length);
});
