/** The layout of [P]: every value has one place, and chunks cut the array without gap or overlap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  chunkAt,
  chunkCount,
  createLayout,
  glorotUniform,
  type ParameterSpec,
} from '../../shared/math/layout.ts';

const specLists = fc
  .array(
    fc.record({ shape: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 3 }), frozen: fc.boolean() }),
    { maxLength: 12 },
  )
  .map((list) =>
    list.map((each, i): ParameterSpec => ({ ...each, name: `layer/${i}`, initialiser: { kind: 'zeros' } })),
  );

test('trained and frozen parameters each lie one after another, in the order of the model', () => {
  fc.assert(
    fc.property(specLists, (specs) => {
      const layout = createLayout(specs);
      for (const [entries, count] of [
        [layout.trained, layout.parameterCount],
        [layout.frozen, layout.frozenCount],
      ] as const) {
        let at = 0;
        for (const entry of entries) {
          assert.equal(entry.offset, at);
          assert.equal(
            entry.length,
            entry.shape.reduce((product, size) => product * size, 1),
          );
          assert.equal(specs[entry.index]?.name, entry.name);
          at += entry.length;
        }
        assert.equal(at, count);
      }
      assert.equal(layout.trained.length + layout.frozen.length, specs.length);
    }),
  );
});

test('two parameters of one name are refused', () => {
  const spec: ParameterSpec = { name: 'w', shape: [2], initialiser: { kind: 'zeros' } };
  assert.throws(() => createLayout([spec, spec]), /two parameters are named w/);
});

test('chunks cover an array without gap or overlap', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 64 }), (length, size) => {
      let at = 0;
      for (let index = 0; index < chunkCount(length, size); index++) {
        const chunk = chunkAt(length, index, size);
        assert.deepEqual([chunk.index, chunk.offset], [index, at]);
        assert.ok(chunk.length >= 1 && chunk.length <= size);
        at += chunk.length;
      }
      assert.equal(at, length);
      assert.throws(() => chunkAt(length, chunkCount(length, size), size), RangeError);
      assert.throws(() => chunkAt(length, -1, size), RangeError);
    }),
  );
});

test('the limit of Glorot and Bengio is sqrt(6 / (fan in + fan out))', () => {
  assert.deepEqual(glorotUniform(500, 2048), { kind: 'uniform', limit: Math.sqrt(6 / 2548) });
});
