import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeGradients, type Gradient } from '../../../deploy/launch/gradients.ts';

const of = (box: string, digest: string, device = 'H100'): Gradient => ({
  box,
  digest,
  fingerprint: { backend: 'tensorflow', version: '2.21.0', device, threads: 1, precision: 'tf32' },
});

test('devices of one kind that agree are fine', () => {
  const judged = judgeGradients([of('box1', 'aa'), of('box2', 'aa')], true);
  assert.deepEqual(judged, { findings: [], notices: [] });
});

test('one that differs from most of its kind is broken, and its box is named', () => {
  const { findings } = judgeGradients([of('box1', 'aa'), of('box2', 'bb'), of('box3', 'aa')], false);
  assert.deepEqual(
    findings.map(({ box, problem }) => [box, problem?.exitCode]),
    [['box2', 69]],
  );
});

test('devices of two kinds are told, and refused only where that is asked for', () => {
  const mixed = [of('box1', 'aa'), of('box2', 'bb', 'A100')];
  const told = judgeGradients(mixed, false);
  assert.equal(told.findings.length, 0);
  assert.match(told.notices.join(), /box1: .*H100.*; box2: .*A100/);
  assert.equal(judgeGradients(mixed, true).findings[0]?.problem?.exitCode, 78);
});
