import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeExact, encodeExact } from '../../../coordinator/run/exact-json.ts';

test('every number comes back as it was, in any depth', () => {
  const value = fc.dictionary(
    fc.string({ maxLength: 4 }).filter((key) => key !== '__proto__'),
    fc.array(fc.double()),
  );
  fc.assert(
    fc.property(value, (record) => {
      const back = decodeExact(encodeExact(record)) as typeof record;
      assert.deepEqual(Object.keys(back).sort(), Object.keys(record).sort());
      for (const [key, numbers] of Object.entries(record)) assert.deepStrictEqual(back[key], numbers);
    }),
  );
});

test('what is written is plain JSON, with words for the numbers that JSON lacks', () => {
  assert.equal(
    encodeExact({ a: NaN, b: [Infinity, -Infinity, -0, 0, 0.1] }),
    '{"a":"NaN","b":["Infinity","-Infinity","-0",0,0.1]}',
  );
});

test('text that is no JSON is refused', () => {
  assert.throws(() => decodeExact('{"step":1,"te'), SyntaxError);
});
