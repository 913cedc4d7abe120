/** One control message of most types, and what becomes of one that arrives. */
import { ProtocolError } from '../../shared/errors.ts';
import type { DataDescription } from '../../shared/protocol/data-messages.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../shared/protocol/messages.ts';

/** The kind of the ProtocolError that decoding throws, or `accepted`. */
export const kindOf = (decode: () => unknown): string => {
  try {
    decode();
  } catch (error) {
    if (error instanceof ProtocolError) return error.kind;
    throw error;
  }
  return 'accepted';
};
/** What a welcome says of a data set. */
export const someData: DataDescription = {
  path: '/data',
  name: 'some rows',
  hash: 'data',
  shape: { height: 2, width: 2, channels: 1 },
  rowCount: 120,
  labelled: true,
  classCount: 3,
};
export const ownRows = { place: 'own', reason: '' } as const;
export const workerMessages: readonly WorkerMessage[] = [
  {
    type: 'hello',
    protocol: 1,
    version: '0.1.0',
    host: 'box-1',
    pid: 4711,
    fingerprint: { backend: 'wasm', version: '4.22.0', device: 'x86', threads: 1, precision: 'float32' },
  },
  {
    type: 'ready',
    model: {
      name: 'vae',
      parameters: [{ name: 'w', shape: [3, 4], initialiser: { kind: 'uniform', limit: 0.5 }, l2: 0.1 }],
      statistics: [{ name: 'norm', size: 4 }],
      termNames: ['loss'],
      generative: true,
    },
    dataHash: 'ab',
    testDataHash: null,
    rows: { place: 'streamed', reason: 'cannot see the data' },
  },
  { type: 'received', array: 'parameters', version: 3, chunk: 9 },
  {
    type: 'node',
    task: 5,
    attempt: 1,
    first: 0,
    end: 2,
    sampleCount: 500,
    terms: { loss: NaN, kl: -Infinity, reconstruction: 0.1 },
    squares: Infinity,
    nonFinite: [1],
    computeMs: 12.25,
  },
  { type: 'failed', reason: 'Größe ✓', exitCode: 65 },
  { type: 'rows', request: 7, of: 'training', rows: [3, 70_000, 4] },
];
export const coordinatorMessages: readonly CoordinatorMessage[] = [
  {
    type: 'welcome',
    rank: 2,
    configuration: { data: ['synthetic'], epochs: null, learningRate: 1e-4, whiten: false, seed: 0xffffffff },
    data: someData,
    testData: null,
  },
  {
    type: 'task',
    task: 1,
    attempt: 0,
    leafCount: 8,
    nodes: [{ first: 0, end: 4 }],
    needs: { parameters: 7 },
    resultLength: 48_000_000,
    spec: { kind: 'gradient', step: 4, settings: { klWeight: 0.25 }, wire: 'bfloat16' },
  },
  { type: 'ping' },
  { type: 'finish' },
];
