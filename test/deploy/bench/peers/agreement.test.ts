import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireAgreement, tolerance } from '../../../../deploy/bench/peers/agreement.ts';

const expected = { parameterCount: 48_489_020, loss: 1084.1, gradientNorm: 833.4 };

test('rounding is agreement, and the larger difference is told', () => {
  const got = {
    ...expected,
    loss: expected.loss * (1 + 1e-6),
    gradientNorm: expected.gradientNorm * (1 - 2e-5),
  };
  const difference = requireAgreement('a peer', got, expected);
  assert.ok(Math.abs(difference - 2e-5) < 1e-9, `${difference}`);
});

test('a peer that does less is refused, with what it got and what was expected', () => {
  const refused = (changes: Partial<typeof expected>, words: RegExp): void =>
    assert.throws(() => requireAgreement('a peer', { ...expected, ...changes }, expected), words);
  refused(
    { parameterCount: 48_489_019 },
    /^LockstepError: a peer has 48,489,019 parameters, expected 48,489,020/,
  );
  refused({ loss: expected.loss * (1 + 2 * tolerance) }, /loss of one step .* expected 1084\.1 within/);
  refused({ gradientNorm: expected.gradientNorm * (1 - 2 * tolerance) }, /gradientNorm/);
  refused({ loss: NaN }, /NaN/);
  refused({ gradientNorm: Infinity }, /Infinity/);
});
