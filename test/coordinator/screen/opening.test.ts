import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeBasis,
  describeBatch,
  describeModel,
  describeRanks,
  describeStart,
  factLine,
  type StartedFacts,
} from '../../../coordinator/screen/opening.ts';
import type { ModelDescription } from '../../../shared/protocol/messages.ts';

const facts: StartedFacts = {
  runtime: 'auto',
  data: {
    name: 'synthetic',
    rowCount: 6000,
    shape: { height: 32, width: 32, channels: 3 },
    classCount: 10,
  },
  split: { training: 5400, heldOut: 600, test: 0 },
  batchSize: 250,
  microBatchSize: 125,
  workerCount: 2,
  runDir: 'runs/first',
  endpoint: 'tcp://127.0.0.1:5770',
  pageUrl: 'http://127.0.0.1:5771',
  resumedStep: null,
  notices: [],
};

test('the opening names data, split, batch, run folder and where to connect and to look', () => {
  const text = describeStart(facts).map(factLine).join('\n');
  const expected = [
    'synthetic: 6,000 images of 32 x 32 x 3, labels of 10 classes',
    '5,400 rows for training, 600 held out',
    '250 = 2 micro-batches of 125; 2 workers get 1 each',
    'runs/first',
    'tcp://127.0.0.1:5770',
    'http://127.0.0.1:5771',
  ];
  for (const part of expected) assert.ok(text.includes(part), part);
  assert.ok(!text.includes('resumed'));
  assert.ok(!text.includes('testing'));
});

test('a resumed run says from where, and a test set is counted', () => {
  const split = { ...facts.split, test: 26_032 };
  const text = describeStart({ ...facts, split, resumedStep: 440 })
    .map(factLine)
    .join('\n');
  assert.match(text, /resumed +after step 440/);
  assert.match(text, /26,032 for testing/);
});

test('a batch that cuts unevenly says how much of the workers it can use', () => {
  const batch = (batchSize: number, microBatchSize: number, workerCount: number): string =>
    describeBatch({ batchSize, microBatchSize, workerCount });
  assert.equal(batch(1000, 100, 1), '1,000 = 10 micro-batches of 100; 1 worker gets 10');
  assert.equal(
    batch(1000, 100, 4),
    "1,000 = 10 micro-batches of 100; 4 workers get 2 to 3 each: at most 83 % of the workers' speed is used",
  );
});

test('workers without work are named by rank', () => {
  const text = describeBatch({ batchSize: 1000, microBatchSize: 500, workerCount: 8 });
  assert.match(text, /2 workers get 1 each; ranks .*stay idle: at most 25 %/);
  const one = describeBatch({ batchSize: 1000, microBatchSize: 1000, workerCount: 2 });
  assert.match(one, /= 1 micro-batch of 1,000; 1 worker gets 1; rank \d stays idle: at most 50 %/);
});

test('neighbouring ranks are written as a range', () => {
  assert.equal(describeRanks([3]), 'rank 3');
  assert.equal(describeRanks([2, 3, 4, 7]), 'ranks 2-4, 7');
});

const model: ModelDescription = {
  name: 'vae',
  parameters: [
    { name: 'kernel', shape: [1000, 1234], initialiser: { kind: 'zeros' } },
    { name: 'bias', shape: [567], initialiser: { kind: 'zeros' } },
  ],
  statistics: [],
  termNames: ['loss'],
  generative: true,
};

test('a model is described by its parameters, frozen ones apart', () => {
  assert.deepEqual(describeModel(model, 'wasm'), ['model', 'vae: 1,234,567 parameters, on wasm']);
  const frozen = { name: 'head', shape: [89], initialiser: { kind: 'zeros' } as const, frozen: true };
  const [, text] = describeModel({ ...model, parameters: [...model.parameters, frozen] }, 'wasm');
  assert.equal(text, 'vae: 1,234,567 parameters trained, 89 frozen, on wasm');
});

test('a basis says how much of the variance it explains', () => {
  const basis = {
    featureCount: 4,
    componentCount: 2,
    mean: new Float32Array(4),
    vectors: new Float32Array(8),
    eigenvalues: new Float32Array([6, 2]),
    totalVariance: 10,
    whiten: true,
  };
  assert.equal(describeBasis(basis)[1], '2 components explain 80.0 % of the variance, whitened');
});
