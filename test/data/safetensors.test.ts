import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  blockBytes,
  digestOffset,
  sha256OfValues,
  writeSafetensors,
  type NamedTensor,
  type TensorValues,
} from '../../shared/data/safetensors.ts';
import { openSafetensors } from '../../shared/data/safetensors-reader.ts';
import { python, requires } from '../support/requires.ts';
import { temporaryFolder } from '../support/temporary.ts';

const tensors: NamedTensor[] = [
  { name: 'bytes', shape: [3], values: Uint8Array.of(1, 2, 255) },
  { name: 'layer/kernel "ü"', shape: [2, 2], values: Float32Array.of(1, -0, NaN, Infinity) },
  { name: '0', shape: [], values: Float64Array.of(Math.PI) },
  { name: 'empty', shape: [0, 7], values: new Float32Array(0) },
  { name: 'ids', shape: [1, 2], values: BigInt64Array.of(-1n, 2n ** 62n) },
];

test('the layout: a length, padded JSON, arrays without a gap, each aligned to its elements', async () => {
  const path = join(temporaryFolder(), 'a');
  await writeSafetensors(path, tensors, { note: 'x' });
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE());
  assert.equal(length % 8, 0);
  const json = bytes.toString('utf8', 8, 8 + length);
  const { __metadata__: _, ...header } = JSON.parse(json) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  let end = 0;
  for (const [name, { data_offsets }] of Object.entries(header).sort(([, a], [, b]) => endOf(a) - endOf(b))) {
    const { values } = tensors.find((tensor) => tensor.name === name)!;
    assert.equal(data_offsets[0] % values.BYTES_PER_ELEMENT, 0, name);
    assert.equal(data_offsets[0], end, name);
    end = data_offsets[1];
  }
  assert.equal(8 + length + end, bytes.length);
});

const endOf = ({ data_offsets: [, end] }: { data_offsets: [number, number] }): number => end;

test('the digest covers every byte, its own place taken as zeros', async () => {
  const path = join(temporaryFolder(), 'a');
  await writeSafetensors(path, tensors, {});
  const bytes = readFileSync(path);
  const digest = bytes.toString('latin1', digestOffset, digestOffset + 64);
  bytes.fill('0', digestOffset, digestOffset + 64);
  assert.equal(createHash('sha256').update(bytes).digest('hex'), digest);
});

test('arrays longer than a block come back whole', async (context) => {
  const path = join(temporaryFolder(), 'a');
  const all = Float32Array.from({ length: blockBytes / 4 + 5 }, (_, index) => index);
  const values = all.subarray(1);
  await writeSafetensors(path, [{ name: 'long', shape: [values.length], values }], {});
  const file = openSafetensors(path);
  context.after(() => file.close());
  file.verify();
  assert.equal(Buffer.compare(bytesOf(file.read('long')), bytesOf(values)), 0);
});

const bytesOf = ({ buffer, byteOffset, byteLength }: TensorValues): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

test('a tensor that does not fill its shape, and a name given twice, are our own mistakes', async () => {
  const folder = temporaryFolder();
  const one = { name: 'a', shape: [1], values: new Float32Array(1) };
  await assert.rejects(
    writeSafetensors(join(folder, 'a'), [{ ...one, shape: [2] }], {}),
    /was given 1 values/,
  );
  await assert.rejects(writeSafetensors(join(folder, 'a'), [one, one], {}), /given twice/);
  await assert.rejects(writeSafetensors(join(folder, 'a'), [one], { sha256: 'x' }), /given twice/);
  assert.deepEqual(readdirSync(folder), []);
});

test('a refusal at the last moment leaves nothing', async () => {
  const path = join(temporaryFolder(), 'a');
  const refuse = (): never => {
    throw new Error('not yours any more');
  };
  await assert.rejects(writeSafetensors(path, tensors, {}, refuse), /not yours any more/);
  assert.equal(existsSync(path), false);
});

test('the digest of values is that of their little-endian bytes', () => {
  const expected = createHash('sha256').update(Buffer.from('0000803f00000040', 'hex')).digest('hex');
  assert.equal(sha256OfValues(Float32Array.of(0, 1, 2).subarray(1)), expected);
});

test("Python's safetensors reads the file, and we read what it writes", async (context) => {
  if (!requires('safetensors', context)) return;
  const folder = temporaryFolder();
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  await writeSafetensors(ours, tensors, { note: 'x' });
  const script = `
import sys
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
arrays = load_file(sys.argv[1])
with safe_open(sys.argv[1], framework="numpy") as file:
    save_file(arrays, sys.argv[2], metadata={"note": file.metadata()["note"]})
`;
  assert.equal(spawnSync(python, ['-c', script, ours, theirs], { encoding: 'utf8' }).stderr, '');
  const file = openSafetensors(theirs);
  context.after(() => file.close());
  assert.deepEqual({ ...file.metadata }, { note: 'x' });
  assert.equal(file.tensors.size, tensors.length);
  for (const { name, shape, values } of tensors) {
    assert.deepEqual(
      [file.tensors.get(name)?.shape, sha256OfValues(file.read(name))],
      [shape, sha256OfValues(values)],
    );
  }
  assert.throws(() => file.verify(), { exitCode: 65, message: /carries no digest/ });
});
