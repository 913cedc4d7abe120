/**
 * Every decoder of what comes from outside, 10,000 times each: bytes that were right, changed, or none at all. It
 * answers, or refuses by its own kind of error; nothing else may come out, and nothing may be polluted.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { pack } from 'msgpackr/pack';
import { readIdx } from '../shared/data/idx.ts';
import { readMat } from '../shared/data/mat.ts';
import { writeSafetensors } from '../shared/data/safetensors.ts';
import { openSafetensors } from '../shared/data/safetensors-reader.ts';
import { LockstepError, ProtocolError } from '../shared/errors.ts';
import {
  decodeCoordinatorMessage,
  decodePeerMessage,
  encodeControl,
  withChecksum,
} from '../shared/protocol/control.ts';
import { decodeFrame, encodeFrame, type FrameExpectation } from '../shared/protocol/frame.ts';
import { parseConfigFile } from '../shared/runtime/config-file.ts';
import { loadConfig } from '../shared/runtime/load-config.ts';
import { collect } from './support/collect.ts';
import { coordinatorMessages, workerMessages } from './support/control-messages.ts';
import { goldenMat } from './support/golden-mat.ts';
import { idx } from './support/idx.ts';
import { mutate, mutations } from './support/mutations.ts';
import { temporaryFolder } from './support/temporary.ts';

const cases = 10_000;
const batch = 50; // files read at a time
const seed = 20; // of the cases; change it to look elsewhere

function staysTyped(run: () => unknown, kind: typeof LockstepError | typeof ProtocolError): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof kind, String((error as Error).stack));
  }
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
}

/** Reads changed copies of files, many at a time. */
async function fuzzFiles(originals: readonly Uint8Array[], read: (path: string) => unknown): Promise<void> {
  const folder = temporaryFolder();
  const one = fc.tuple(fc.constantFrom(...originals), mutations);
  const property = fc.asyncProperty(fc.array(one, { minLength: batch, maxLength: batch }), async (files) => {
    const reads = files.map(async ([original, changes], index) => {
      const path = join(folder, `file-${index}`);
      writeFileSync(path, mutate(original, changes));
      try {
        await read(path);
      } catch (error) {
        assert.ok(error instanceof LockstepError && error.exitCode === 65, String((error as Error).stack));
      }
    });
    await Promise.all(reads);
  });
  await fc.assert(property, { numRuns: cases / batch, seed, endOnFailure: true });
}

test('frames, with a checksum of the header that was put right for half of them', () => {
  const payload = Float32Array.from({ length: 12 }, (_, index) => index);
  const originals = [
    encodeFrame({ type: 'sum', task: 1, attempt: 0, first: 0, end: 2, chunk: 0, values: payload }, 3),
    encodeFrame({ type: 'array', array: 'parameters', version: 1, chunk: 0, values: payload }, 3),
    encodeFrame({ type: 'array', array: 'rows', version: 1, chunk: 0, values: new Uint8Array(48) }, 3),
  ];
  const [floats, bytes] = [{ dtype: 'float32', count: 12 } as const, { dtype: 'uint8', count: 48 } as const];
  const expectation: FrameExpectation = {
    epoch: 3,
    values: (header) => (header.type === 'array' && header.array === 'rows' ? bytes : floats),
  };
  const property = fc.property(
    fc.constantFrom(...originals),
    mutations,
    mutations,
    fc.boolean(),
    fc.boolean(),
    ([header, values], ofHeader, ofValues, both, repaired) => {
      const changed = mutate(header!, ofHeader);
      if (repaired && changed.length >= 48) changed.writeUInt32LE(crc32(changed.subarray(0, 44)), 44);
      const frames = [changed, both ? mutate(values!, ofValues) : values!];
      staysTyped(() => decodeFrame(frames, expectation), ProtocolError);
    },
  );
  fc.assert(property, { numRuns: cases, seed });
});

test('control messages: changed ones, any msgpack, and keys that reach for prototypes', () => {
  const originals = [...workerMessages, ...coordinatorMessages].map(
    (message) => encodeControl(1, message)[0]!.subarray(0, -4), // what the checksum is of
  );
  const key = fc.constantFrom(
    'type',
    'message',
    'epoch',
    '__proto__',
    'constructor',
    'prototype',
    'polluted',
  );
  const tree = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, 'hello', 'node', 1, -1, NaN, true),
      fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      fc.array(tie('value'), { maxLength: 4 }),
    ),
  })).value;
  const bytes = fc.oneof(
    fc
      .tuple(fc.constantFrom(...originals), mutations)
      .map(([original, changes]) => mutate(original, changes)),
    tree.map((value) => pack(value)),
    fc.uint8Array({ maxLength: 64 }),
  );
  const property = fc.property(bytes, fc.nat(9), (content, one) => {
    const frame = one === 0 ? content : withChecksum(content);
    staysTyped(() => decodePeerMessage([frame]), ProtocolError);
    staysTyped(() => decodeCoordinatorMessage([frame]), ProtocolError);
  });
  fc.assert(property, { numRuns: cases, seed });
});

test('.mat files', async () => {
  const originals = await Promise.all(
    ['stored', 'compressed', 'grey'].map((name) => readFile(goldenMat(name))),
  );
  await fuzzFiles(originals, (path) => readMat(path, collect()));
});

test('IDX files', async () => {
  const plain = idx(
    [2, 3, 4],
    Array.from({ length: 24 }, (_, index) => index),
  );
  await fuzzFiles([plain, gzipSync(plain)], (path) => readIdx(path, null, collect()));
});

test('safetensors', async () => {
  const path = join(temporaryFolder(), 'original');
  const tensors = [
    { name: 'a', shape: [2, 3], values: Float32Array.from({ length: 6 }, (_, index) => index) },
    { name: 'b', shape: [4], values: Uint8Array.of(1, 2, 3, 4) },
  ];
  await writeSafetensors(path, tensors, { step: '7' });
  await fuzzFiles([await readFile(path)], (changed) => {
    const file = openSafetensors(changed);
    try {
      file.verify();
      for (const name of file.tensors.keys()) file.read(name);
    } finally {
      file.close();
    }
  });
});

test('configuration: files and flags', () => {
  const text = Buffer.from(
    'preset: svhn\nbatchSize: 1000\ndata: [a.mat, b.mat]\nlearningRate: 1e-4\nepochs: none\n',
  );
  const key = fc.constantFrom(
    'batchSize',
    'data',
    'epochs',
    'learningRate',
    '__proto__',
    'constructor',
    'preset',
  );
  const yaml = fc.oneof(
    mutations.map((changes) => mutate(text, changes).toString('latin1')),
    fc.dictionary(key, fc.jsonValue({ maxDepth: 2 })).map((value) => JSON.stringify(value)),
    fc.string({ maxLength: 60 }),
  );
  const property = fc.property(yaml, fc.string({ maxLength: 12 }), (file, flag) => {
    staysTyped(() => {
      loadConfig({
        flags: new Map([['batchSize', flag]]),
        environment: { LOCKSTEP_SEED: flag },
        file: parseConfigFile(file, 'file'),
        preset: null,
      });
    }, LockstepError);
  });
  fc.assert(property, { numRuns: cases, seed });
});
