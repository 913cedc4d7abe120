import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PNG } from 'pngjs';
import { encodeGrid, enlargement, placeOf, type Grid } from '../../../coordinator/run/grid.ts';
import { rowLength } from '../../../shared/data/dataset.ts';

const decode = async (grid: Grid): Promise<PNG> => PNG.sync.read(Buffer.from(await encodeGrid(grid)));
const pixelAt = ({ data, width }: PNG, x: number, y: number): number[] => [
  ...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3),
];

for (const channels of [1, 3]) {
  test(`every pixel of every cell is where it belongs, enlarged and unchanged, ${channels} channels`, async () => {
    const image = { height: 3, width: 20, channels };
    const cells = Uint8Array.from({ length: 7 * rowLength(image) }, (_, index) => (index * 37) % 251);
    const grid: Grid = { image, cells, columns: 4, groupColumns: 2, labels: [0, 1, 2, 3, 4, 5, 66] };
    const png = await decode(grid);
    const factor = enlargement(image);
    assert.equal(factor, 3);
    let checked = 0;
    for (let cell = 0; cell < 7; cell += 1) {
      const { x, y } = placeOf(grid, cell);
      for (let row = 0; row < image.height * factor; row += 1) {
        for (let column = 0; column < image.width * factor; column += 1) {
          const from: number =
            cell * rowLength(image) +
            (Math.floor(row / factor) * image.width + Math.floor(column / factor)) * channels;
          const expected: unknown[] =
            channels === 3 ? [...cells.subarray(from, from + 3)] : [cells[from], cells[from], cells[from]];
          assert.deepEqual(pixelAt(png, x + column, y + row), expected);
          checked += 1;
        }
      }
    }
    assert.equal(checked, 7 * 9 * 60);
    assert.deepEqual(pixelAt(png, 0, 0), [255, 255, 255]);
  });
}

test('a label is written in black under its cell', async () => {
  const image = { height: 32, width: 32, channels: 3 };
  const grid: Grid = { image, cells: new Uint8Array(2 * 3072).fill(200), columns: 2, labels: [1, 8] };
  const png = await decode(grid);
  const { y } = placeOf(grid, 0);
  const inkUnder = (cell: number): number => {
    let ink = 0;
    const { x } = placeOf(grid, cell);
    for (let row = y + 64; row < png.height; row += 1)
      for (let column = x; column < x + 64; column += 1) ink += pixelAt(png, column, row)[0] === 0 ? 1 : 0;
    return ink;
  };
  assert.deepEqual([inkUnder(0), inkUnder(1)], [8 * 4, 13 * 4]); // four pixels for each of a glyph's
});

test('a hundred images of 32 x 32 make a picture of a comfortable size', async () => {
  const image = { height: 32, width: 32, channels: 3 };
  const png = await decode({ image, cells: new Uint8Array(100 * 3072), columns: 10 });
  assert.deepEqual([png.width, png.height], [662, 662]);
  assert.equal((await decode({ image, cells: new Uint8Array(0), columns: 10 })).height > 0, true);
});
