/**
 * SVHN's files: `X`, uint8 images, and `y`, their labels, in a MATLAB Level 5 file.
 *
 * X is (height, width, channels, images) in column-major order, so each image is one run of D bytes, and one
 * table turns it into a row (height, width, channels). The files may be far larger than memory: X flows
 * through a block of rows, and everything that headers say is held against the bytes that are there.
 */
import { openSource, type SourceFile } from './bytes.ts';
import { type ImageShape, rowLength } from './dataset.ts';
import { columnMajorTable, permuteRows } from './column-major.ts';
import { type Cursor, type ElementSpan, type MatArray, openArray, readArrayHeader } from './mat-array.ts';
import {
  checkFileHeader,
  className,
  complexFlag,
  headerBytes,
  isNumeric,
  logicalFlag,
  mxUint8,
} from './mat-format.ts';
import { miCompressed, miMatrix, miUint8, type Storage, storageOf, tagBytes } from './mat-format.ts';
import { faultAt, fetchAgain, maxInflation, maxRowBytes, type RowSink, rowsPerBlock } from './source.ts';

/** What has been found of the two variables. */
interface Found {
  rowCount: number | null;
  labels: Uint8Array | null;
  readonly names: string[];
}

/**
 * Pushes the images of `X` into the sink.
 *
 * @returns the labels of `y` [N], SVHN's 10 as 0; null where the file has no `y`
 * @throws LockstepError (65) naming file, offset, what was got, what was expected, and the remedy
 */
export async function readMat(path: string, sink: RowSink): Promise<Uint8Array | null> {
  const file = await openSource(path);
  try {
    checkFileHeader(await readHeader(file), path);
    const found: Found = { rowCount: null, labels: null, names: [] };
    for (let offset = headerBytes; offset < file.size;) offset = await readElement(file, offset, found, sink);
    if (found.rowCount === null) {
      const names = found.names.length === 0 ? 'no variables' : `only ${listNames(found.names)}`;
      throw faultAt(
        { path, offset: file.size },
        names,
        'a variable X with images',
        'name an SVHN file of format 2',
      );
    }
    checkLabelCount(file, found);
    return found.labels;
  } finally {
    await file.close();
  }
}

/** On one line, whatever bytes a damaged name holds. */
const listNames = (names: readonly string[]): string =>
  `${names.slice(0, 8).join(', ')}${names.length > 8 ? ', ...' : ''}`.replaceAll(/[^\x20-\x7e]/g, '?');

async function readHeader(file: SourceFile): Promise<Buffer> {
  const header = Buffer.alloc(Math.min(headerBytes, file.size));
  await file.bytes(0, header.length, 'stored').fill(header);
  return header;
}

/** Reads the element at `offset`. @returns the offset of the next */
async function readElement(file: SourceFile, offset: number, found: Found, sink: RowSink): Promise<number> {
  const tag = Buffer.alloc(tagBytes);
  if ((await file.bytes(offset, Math.min(offset + tagBytes, file.size), 'stored').fill(tag)) < tagBytes) {
    throw faultAt(
      { path: file.path, offset },
      `${file.size - offset} bytes`,
      'an element or the end',
      fetchAgain,
    );
  }
  const type = tag.readUInt32LE(0);
  const storedBytes = tag.readUInt32LE(4);
  const end = offset + tagBytes + storedBytes;
  if (end > file.size) {
    const got = `a file that ends after ${file.size} bytes`;
    throw faultAt(
      { path: file.path, offset },
      got,
      `an element up to byte ${end}`,
      'the file is cut: copy or download it again',
    );
  }
  const compressed = type === miCompressed;
  if (!compressed && type !== miMatrix) {
    throw faultAt(
      { path: file.path, offset },
      `an element of type ${type}`,
      'a variable (type 14 or 15)',
      fetchAgain,
    );
  }
  const start = compressed ? offset + tagBytes : offset;
  const maxBytes = compressed ? storedBytes * maxInflation : storedBytes + tagBytes;
  const reader = file.bytes(start, end, compressed ? 'zlib' : 'stored');
  try {
    const span: ElementSpan = { path: file.path, offset, storedBytes, compressed, maxBytes };
    await readVariable(await openArray(reader, span), found, sink);
  } finally {
    reader.close();
  }
  return end;
}

async function readVariable(cursor: Cursor, found: Found, sink: RowSink): Promise<void> {
  const array = await readArrayHeader(cursor);
  if (array === null) return;
  found.names.push(array.name);
  if (array.name !== 'X' && array.name !== 'y') return;
  if (array.name === 'X' ? found.rowCount !== null : found.labels !== null) {
    throw faultAt(
      cursor.place(),
      `a second variable ${array.name}`,
      'one',
      'save the file again with one of each',
    );
  }
  if (array.name === 'X') found.rowCount = await readImages(cursor, array, sink);
  else found.labels = await readLabels(cursor, array, found.rowCount);
  await cursor.finish();
}

async function readImages(cursor: Cursor, array: MatArray, sink: RowSink): Promise<number> {
  const [height = 0, width = 0, channels = 0, rowCount = 0] = array.dims;
  const shape: ImageShape = { height, width, channels };
  const size = array.dims.join(' x ');
  checkClass(cursor, array, array.classCode === mxUint8, 'uint8, real');
  const { path } = cursor.place();
  if (array.dims.length !== 4) {
    throw faultAt(cursor.place(), `X of ${size}`, 'height x width x channels x images', 'reshape X');
  }
  const rowBytes = rowLength(shape);
  if (rowBytes === 0 || rowCount === 0 || rowBytes > maxRowBytes) {
    throw faultAt(cursor.place(), `X of ${size}`, `images of 1 to ${maxRowBytes} bytes`, fetchAgain);
  }
  const { tag, inline } = await cursor.tag();
  if (tag.type !== miUint8 || tag.bytes !== rowBytes * rowCount) {
    const got = `${tag.bytes} bytes of type ${tag.type} for X of ${size}`;
    throw faultAt(cursor.place(), got, `${rowBytes * rowCount} bytes of type ${miUint8}`, fetchAgain);
  }
  sink.begin(shape, rowCount, path);
  const table = columnMajorTable(shape);
  const blockRows = Math.min(rowsPerBlock(rowBytes), rowCount);
  const block = new Uint8Array(blockRows * rowBytes);
  const rows = new Uint8Array(block.length);
  for (let first = 0; first < rowCount; first += blockRows) {
    const bytes = Math.min(blockRows, rowCount - first) * rowBytes;
    if (tag.small) block.set(inline);
    else await cursor.fill(block.subarray(0, bytes));
    permuteRows(block, table, bytes, rows);
    sink.push(rows.subarray(0, bytes));
  }
  return rowCount;
}

async function readLabels(cursor: Cursor, array: MatArray, rowCount: number | null): Promise<Uint8Array> {
  const size = array.dims.join(' x ');
  checkClass(cursor, array, isNumeric(array.classCode), 'numeric, real');
  const count = array.dims.reduce((product, dim) => product * dim, 1);
  const vector = array.dims.length === 2 && array.dims.includes(1);
  if (!vector || count === 0 || (rowCount !== null && count !== rowCount)) {
    const expected = `${rowCount ?? 'N'} x 1, a label for each image`;
    throw faultAt(cursor.place(), `y of ${size}`, expected, 'save X and y of the same images');
  }
  const { tag, inline } = await cursor.tag();
  const storage = storageOf(tag.type);
  if (storage === undefined || tag.bytes !== count * storage.bytes) {
    const got = `${tag.bytes} bytes of type ${tag.type} for y of ${size}`;
    throw faultAt(cursor.place(), got, `${count} numbers`, fetchAgain);
  }
  const blocks: Uint8Array[] = [];
  for (let first = 0; first < count; first += labelsPerBlock) {
    const bytes = new Uint8Array(Math.min(labelsPerBlock, count - first) * storage.bytes);
    if (tag.small) bytes.set(inline);
    else await cursor.fill(bytes);
    blocks.push(parseLabels(cursor, bytes, storage, first));
  }
  return tenIsZero(new Uint8Array(Buffer.concat(blocks)));
}

/** Labels as they come: room is made for those that are there, not for those that were declared. */
const labelsPerBlock = 2 ** 15;

function parseLabels(cursor: Cursor, bytes: Uint8Array, storage: Storage, first: number): Uint8Array {
  const view = new DataView(bytes.buffer);
  const labels = new Uint8Array(bytes.length / storage.bytes);
  for (let i = 0; i < labels.length; i++) {
    const value = storage.read(view, i * storage.bytes);
    if (!(Number.isInteger(value) && value >= 0 && value <= 255)) {
      const got = `label ${value} of image ${first + i}`;
      throw faultAt(cursor.place(), got, 'a whole number from 0 to 255', fetchAgain);
    }
    labels[i] = value;
  }
  return labels;
}

/** SVHN counts its classes from 1 and calls the digit 0 "10": so does any file of labels from 1 to 10. */
function tenIsZero(labels: Uint8Array): Uint8Array {
  let lowest = 255;
  let highest = 0;
  for (const label of labels) {
    lowest = Math.min(lowest, label);
    highest = Math.max(highest, label);
  }
  if (lowest === 0 || highest !== 10) return labels;
  return labels.map((label) => label % 10);
}

function checkClass(cursor: Cursor, array: MatArray, right: boolean, expected: string): void {
  const complex = (array.flags & complexFlag) !== 0 ? 'complex ' : '';
  const logical = (array.flags & logicalFlag) !== 0 ? 'logical ' : '';
  if (right && complex === '' && logical === '') return;
  const got = `${array.name} of class ${complex}${logical}${className(array.classCode)}`;
  throw faultAt(cursor.place(), got, expected, 'save it again in that class');
}

function checkLabelCount(file: SourceFile, { rowCount, labels }: Found): void {
  if (labels === null || labels.length === rowCount) return;
  const got = `${labels.length} labels in y`;
  throw faultAt(
    { path: file.path, offset: file.size },
    got,
    `${rowCount}, as X has images`,
    'save X and y of the same images',
  );
}
