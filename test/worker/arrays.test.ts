import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkLength } from '../../shared/math/layout.ts';
import { createArrays } from '../../worker/arrays.ts';

const length = chunkLength + 2;
const announcement = (version: number) => ({ type: 'array', array: 'parameters', version, length }) as const;
const chunkOf = (version: number, chunk: number) => {
  const values = new Float32Array(chunk === 0 ? chunkLength : 2).fill(version + chunk);
  return { type: 'array', array: 'parameters', version, chunk, values } as const;
};

test('an array is whole when each of its chunks came once, in any order', () => {
  const arrays = createArrays();
  arrays.announce(announcement(1));
  assert.equal(arrays.take(chunkOf(1, 1)), null);
  assert.equal(arrays.take(chunkOf(1, 1)), null);
  assert(!arrays.have({ parameters: 1 }));
  const whole = arrays.take(chunkOf(1, 0));
  assert.deepEqual([whole?.[0], whole?.[chunkLength], whole?.length], [1, 2, length]);
  assert(arrays.have({ parameters: 1 }));
});

test('of two reducers at different paces the newer version counts, whoever is heard last', () => {
  const arrays = createArrays();
  arrays.announce(announcement(1));
  arrays.take(chunkOf(1, 0));
  arrays.announce(announcement(2));
  arrays.announce(announcement(1)); // by the slower one
  assert.equal(arrays.take(chunkOf(2, 0)), null);
  assert.equal(arrays.take(chunkOf(1, 1)), null, 'of the old version nothing is kept');
  assert.equal(arrays.take(chunkOf(2, 1))?.[0], 2);
  assert(arrays.have({ parameters: 2 }) && !arrays.have({ parameters: 1 }));
});

test('room that was given back is used again for an array as long, and nothing outlives a loss', () => {
  const arrays = createArrays();
  const room = new Float32Array(length);
  arrays.recycle(room);
  arrays.announce(announcement(1));
  arrays.take(chunkOf(1, 0));
  assert.equal(arrays.take(chunkOf(1, 1)), room);
  arrays.clear();
  assert(!arrays.have({ parameters: 1 }));
});
