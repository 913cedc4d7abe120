/** MATLAB's order of an image and ours: one table there, its inverse back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { columnMajorTable, invertTable, permuteRows } from '../../shared/data/column-major.ts';

const side = fc.integer({ min: 1, max: 6 });
const shapes = fc.record({ height: side, width: side, channels: side });

test('value (r, c, k) of a row lies at r + H c + H W k', () => {
  fc.assert(
    fc.property(shapes, ({ height, width, channels }) => {
      const table = columnMajorTable({ height, width, channels });
      for (let r = 0; r < height; r++)
        for (let c = 0; c < width; c++)
          for (let k = 0; k < channels; k++)
            assert.equal(table[(r * width + c) * channels + k], r + height * c + height * width * k);
    }),
  );
});

test('there and back is the same images, for any number of them', () => {
  fc.assert(
    fc.property(shapes, fc.integer({ min: 1, max: 5 }), (shape, count) => {
      const table = columnMajorTable(shape);
      const images = Uint8Array.from({ length: count * table.length }, (_, i) => i * 37);
      const [there, back] = [new Uint8Array(images.length), new Uint8Array(images.length)];
      permuteRows(images, table, images.length, there);
      permuteRows(there, invertTable(table), images.length, back);
      assert.deepEqual(back, images);
    }),
  );
});
