/**
 * MNIST's files (IDX): images, and labels in a file of their own, as they are or in gzip.
 *
 * Source: Y. LeCun, "The MNIST database", file formats. Two zero bytes, the type (8: unsigned byte), the number
 * of dimensions, each dimension as a big-endian 32-bit number, then the values, last dimension fastest: rows
 * are already in our order. Images are (N, H, W), or (N, H, W, C) for colour.
 */
import { type ByteReader, openSource, type SourceFile } from './bytes.ts';
import { type ImageShape, rowLength } from './dataset.ts';
import { faultAt, fetchAgain, maxInflation, maxRowBytes, type RowSink, rowsPerBlock } from './source.ts';

const unsignedByte = 8;

interface OpenIdx {
  readonly file: SourceFile;
  readonly reader: ByteReader;
  readonly dims: readonly number[];
  readonly headerBytes: number;
}

/**
 * Pushes the images of an IDX file into the sink.
 *
 * @returns the labels [N]; null where `labelsPath` is
 * @throws LockstepError (65)
 */
export async function readIdx(
  imagesPath: string,
  labelsPath: string | null,
  sink: RowSink,
): Promise<Uint8Array | null> {
  const rowCount = await withIdx(imagesPath, (idx) => readImages(idx, sink));
  return labelsPath === null ? null : withIdx(labelsPath, (idx) => readLabels(idx, imagesPath, rowCount));
}

/** Number of dimensions of an IDX file: 1 for labels. @throws LockstepError (65) when it is not one */
export const idxRank = (path: string): Promise<number> => withIdx(path, async ({ dims }) => dims.length);

async function withIdx<T>(path: string, use: (idx: OpenIdx) => Promise<T>): Promise<T> {
  const file = await openSource(path);
  const magic = Buffer.alloc(2);
  await file.bytes(0, Math.min(2, file.size), 'stored').fill(magic);
  const gzipped = magic.equals(Buffer.of(0x1f, 0x8b));
  const reader = file.bytes(0, file.size, gzipped ? 'gzip' : 'stored');
  try {
    return await use(await readHeader(file, reader, gzipped));
  } finally {
    reader.close();
    await file.close();
  }
}

async function readHeader(file: SourceFile, reader: ByteReader, gzipped: boolean): Promise<OpenIdx> {
  const at = { path: file.path, offset: 0 };
  const start = Buffer.alloc(4);
  const startBytes = await reader.fill(start);
  const [zero0, zero1, type = 0, rank = 0] = start;
  if (startBytes < 4 || zero0 !== 0 || zero1 !== 0 || rank === 0 || rank > 4) {
    const got = `a file that begins ${start.toString('hex', 0, startBytes)}`;
    throw faultAt(
      at,
      got,
      'IDX (00000801, 00000803 or 00000804) or a MATLAB file named .mat',
      'name a file of images',
    );
  }
  if (type !== unsignedByte) {
    throw faultAt(
      at,
      `IDX values of type ${type}`,
      `unsigned bytes (type ${unsignedByte})`,
      'convert the images to uint8',
    );
  }
  const sizes = Buffer.alloc(4 * rank);
  if ((await reader.fill(sizes)) < sizes.length) {
    throw faultAt(at, 'a file that ends in its header', `${4 + sizes.length} bytes of header`, fetchAgain);
  }
  const dims = Array.from({ length: rank }, (_, i) => sizes.readUInt32BE(4 * i));
  const headerBytes = 4 + sizes.length;
  checkSize(file, gzipped, headerBytes, dims);
  return { file, reader, dims, headerBytes };
}

/** Dimensions are believed only as far as the bytes that are there could fill them. */
function checkSize(file: SourceFile, gzipped: boolean, headerBytes: number, dims: readonly number[]): void {
  const declaredBytes = dims.reduce((product, size) => product * size, headerBytes > 0 ? 1 : 0) + headerBytes;
  const wrong = gzipped ? declaredBytes > file.size * maxInflation : declaredBytes !== file.size;
  const got = `${file.size}${gzipped ? ' compressed' : ''} bytes for ${dims.join(' x ')} values`;
  if (wrong || declaredBytes === headerBytes) {
    throw faultAt(
      { path: file.path, offset: 4 },
      got,
      `${declaredBytes}${gzipped ? ' once inflated' : ''}`,
      fetchAgain,
    );
  }
}

async function readImages(idx: OpenIdx, sink: RowSink): Promise<number> {
  const { file, dims } = idx;
  const [rowCount = 0, height = 0, width = 0, channels = 1] = dims;
  const shape: ImageShape = { height, width, channels };
  const rowBytes = rowLength(shape);
  if (dims.length < 3 || rowBytes > maxRowBytes) {
    const expected = `images x height x width [x channels], each of at most ${maxRowBytes} bytes`;
    throw faultAt(
      { path: file.path, offset: 3 },
      `${dims.join(' x ')} values`,
      expected,
      'name a file of images',
    );
  }
  sink.begin(shape, rowCount, file.path);
  const block = new Uint8Array(Math.min(rowsPerBlock(rowBytes), rowCount) * rowBytes);
  for (let left = rowCount * rowBytes; left > 0; left -= block.length) {
    const rows = block.subarray(0, Math.min(left, block.length));
    await fillWhole(idx, rows);
    sink.push(rows);
  }
  await finish(idx);
  return rowCount;
}

async function readLabels(idx: OpenIdx, imagesPath: string, rowCount: number): Promise<Uint8Array> {
  const { file, dims } = idx;
  if (dims.length !== 1 || dims[0] !== rowCount) {
    const expected = `${rowCount} labels, as ${imagesPath} has images`;
    throw faultAt(
      { path: file.path, offset: 3 },
      `${dims.join(' x ')} values`,
      expected,
      'name files of the same images',
    );
  }
  const labels = new Uint8Array(rowCount);
  await fillWhole(idx, labels);
  await finish(idx);
  return labels;
}

async function fillWhole({ file, reader }: OpenIdx, out: Uint8Array): Promise<void> {
  const filled = await reader.fill(out);
  if (filled === out.length) return;
  throw faultAt(
    { path: file.path, offset: reader.consumedBytes() },
    'the end of the data',
    `${out.length - filled} more bytes`,
    fetchAgain,
  );
}

/** Reads the end, so that gzip has checked its CRC-32. */
async function finish({ file, reader }: OpenIdx): Promise<void> {
  const more = await reader.fill(new Uint8Array(1));
  const consumed = reader.consumedBytes();
  if (more === 0 && consumed === file.size) return;
  throw faultAt({ path: file.path, offset: consumed }, 'more data', 'the end of the file', fetchAgain);
}
