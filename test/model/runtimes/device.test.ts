/** What nvidia-smi says, and which of it CUDA_VISIBLE_DEVICES leaves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuModel, parseGpus, visibleGpus } from '../../../shared/model/runtimes/device.ts';

const gpus = parseGpus(
  '0, GPU-5c5d0000-1, NVIDIA H200, 570.86.15\n1, GPU-77aa0000-2, NVIDIA H200, 570.86.15\n\nnoise\n',
);

const visible = (value: string): string[] =>
  visibleGpus({ CUDA_VISIBLE_DEVICES: value }, gpus).map(({ index }) => index);

test('each line of nvidia-smi is a GPU; anything else is not', () => {
  assert.deepEqual(gpus[1], {
    index: '1',
    uuid: 'GPU-77aa0000-2',
    name: 'NVIDIA H200',
    driver: '570.86.15',
  });
  assert.equal(gpus.length, 2);
  assert.deepEqual(parseGpus('No devices were found\n'), []);
});

test('CUDA_VISIBLE_DEVICES chooses by index or beginning of the UUID, in its own order, or hides all', () => {
  assert.deepEqual(visibleGpus({}, gpus), gpus);
  assert.deepEqual(visible('1'), ['1']);
  assert.deepEqual(visible('1, 0'), ['1', '0']);
  assert.deepEqual(visible('GPU-77aa'), ['1']);
  assert.deepEqual(visible(''), []);
  assert.deepEqual(visible('-1'), []);
});

test('a slice of a GPU counts, under its own name', () => {
  const [slice] = visibleGpus({ CUDA_VISIBLE_DEVICES: 'MIG-1234' }, gpus);
  assert.deepEqual(slice, { index: 'MIG-1234', uuid: 'MIG-1234', name: 'MIG-1234', driver: '570.86.15' });
});

test('the model of the CPU is never empty', () => assert.ok(cpuModel().length > 0));
