/** IDX files: Debian's Fashion-MNIST as real data, small ones made here, and every way to be wrong. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { idxRank, readIdx } from '../../shared/data/idx.ts';
import { createRowHasher } from '../../shared/data/row-hash.ts';
import { collect, refuses, staysTyped } from '../support/collect.ts';
import { idx } from '../support/idx.ts';
import { requiresFile } from '../support/requires.ts';
import { temporaryFolder } from '../support/temporary.ts';

const fashion = '/usr/share/datasets/fashion-mnist';
const values = Uint8Array.from({ length: 24 }, (_, i) => 10 * i);

function written(content: Uint8Array): string {
  const path = join(temporaryFolder(), 'file-idx3-ubyte');
  writeFileSync(path, content);
  return path;
}

test("Fashion-MNIST's 10,000 test images: a thousand of each class, and the pixels that Python reads", async (context) => {
  const images = `${fashion}/t10k-images-idx3-ubyte.gz`;
  if (!requiresFile(images, 'apt-get install dataset-fashion-mnist', context)) return;
  const sink = collect();
  const labels = await readIdx(images, `${fashion}/t10k-labels-idx1-ubyte.gz`, sink);
  assert.deepEqual(sink.shape, { height: 28, width: 28, channels: 1 });
  const counts = Array.from({ length: 10 }, () => 0);
  for (const label of labels!) counts[label]!++;
  assert.deepEqual(
    counts,
    Array.from({ length: 10 }, () => 1000),
  );
  const hasher = createRowHasher();
  hasher.update(sink.rows());
  assert.equal(
    hasher.digest(sink.shape!, 10_000, labels),
    'b2a6ae5c69ead420672ce8c62d143e894412c7280a911f55ed162eb0665c7d38',
  );
});

test('rows come in the order of the file, plain and in gzip, grey and in colour, with labels and without', async () => {
  for (const dims of [
    [2, 3, 4],
    [2, 2, 2, 3],
  ]) {
    const [count = 0, height = 0, width = 0, channels = 1] = dims;
    const plain = idx(
      dims,
      values.subarray(
        0,
        dims.reduce((a, b) => a * b),
      ),
    );
    for (const content of [
      plain,
      gzipSync(plain),
      Buffer.concat([gzipSync(plain.subarray(0, 9)), gzipSync(plain.subarray(9))]),
    ]) {
      const [images, labels] = [written(content), written(gzipSync(idx([2], [4, 9])))];
      const sink = collect();
      assert.deepEqual(await readIdx(images, labels, sink), Uint8Array.of(4, 9));
      assert.deepEqual(sink.shape, { height, width, channels });
      assert.equal(sink.rowCount, count);
      assert.deepEqual(
        sink.rows(),
        values.subarray(
          0,
          dims.reduce((a, b) => a * b),
        ),
      );
      assert.equal(await readIdx(images, null, collect()), null);
      assert.equal(await idxRank(images), dims.length);
      assert.equal(await idxRank(labels), 1);
    }
  }
});

const whole = idx([2, 3, 4], values);
const changed = (change: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.from(whole);
  change(bytes);
  return bytes;
};

const refusals: readonly [string, Buffer, readonly (string | RegExp)[]][] = [
  ['another kind of file', Buffer.from('\x89PNG\r\n', 'latin1'), ['at byte 0', 'begins 89504e47', 'IDX (00000801']],
  ['three bytes', whole.subarray(0, 3), ['a file that begins 000008', 'IDX']],
  ['five dimensions', changed((b) => b.writeUInt8(5, 3)), ['begins 00000805', 'IDX']],
  ['floats', changed((b) => b.writeUInt8(13, 2)), ['IDX values of type 13', 'unsigned bytes (type 8)']],
  ['a cut header', whole.subarray(0, 9), ['ends in its header', '16 bytes of header']],
  ['a cut', whole.subarray(0, 30), ['at byte 4', '30 bytes for 2 x 3 x 4 values', '40']],
  ['bytes behind the images', Buffer.concat([whole, Buffer.of(0)]), ['41 bytes for 2 x 3 x 4', '40']],
  ['absurd dimensions', changed((b) => b.writeUInt32BE(2 ** 31, 4)), ['2147483648 x 3 x 4 values', '25769803792']],
  ['no images', changed((b) => b.writeUInt32BE(0, 4)), ['0 x 3 x 4 values', 'expected']],
  ['labels for images', idx([24], values), ['at byte 3', '24 values', 'images x height x width [x channels]']],
  ['images of the wrong rank', idx([6, 4], values), ['6 x 4 values', 'images x height x width']],
  ['a cut gzip', gzipSync(whole).subarray(0, 30), [/unexpected end of file|the end of the data/]],
  ['a gzip of another CRC', damagedGzip(), ['incorrect data check', 'whole compressed data']],
  ['a gzip with a tail', Buffer.concat([gzipSync(whole), Buffer.alloc(20, 7)]), [/more data|fault/]],
  ['a gzip of too little', gzipSync(whole.subarray(0, 30)), ['the end of the data', '10 more bytes']],
  ['a gzip of too much', gzipSync(Buffer.concat([whole, Buffer.of(1)])), ['more data', 'the end of the file']],
  ['a gzip that cannot be so large', gzipSync(changed((b) => b.writeUInt32BE(2 ** 31, 4))), ['compressed bytes for 2147483648 x 3 x 4', 'once inflated']],
]; // prettier-ignore

function damagedGzip(): Buffer {
  const bytes = gzipSync(whole);
  bytes[bytes.length - 8]! ^= 1;
  return bytes;
}

for (const [name, content, parts] of refusals) {
  test(`${name} is refused`, async () => {
    const path = written(content);
    await refuses(() => readIdx(path, null, collect()), [`${path}: at byte `, 'expected', ...parts]);
  });
}

test('labels of another count, and images as labels, are refused', async () => {
  const images = written(whole);
  for (const labels of [written(idx([3], [1, 2, 3])), images])
    await refuses(
      () => readIdx(images, labels, collect()),
      [`${labels}: at byte 3`, `2 labels, as ${images} has`],
    );
});

test('bytes changed at random give rows or a refusal, never anything else', async () => {
  const path = written(whole);
  const edit = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.nat(2), async (edits, wrapping) => {
      const inner = Buffer.from(whole);
      for (const [at, value] of edits) inner[wrapping === 2 ? at : at % 16] = value;
      const outer = wrapping === 0 ? inner : gzipSync(inner);
      if (wrapping === 2) for (const [at, value] of edits) outer[at % outer.length] = value;
      writeFileSync(path, outer);
      await staysTyped(() => readIdx(path, null, collect()));
    }),
    { numRuns: 200, seed: 3 },
  );
});
