/** One table says which likelihoods and variance heads go together; everything else is refused by name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../../shared/errors.ts';
import { varianceHeadOf, variants, type Likelihood } from '../../../shared/model/vae/variants.ts';

const likelihoods = Object.keys(variants) as Likelihood[];
const heads = ['trained', 'frozen', 'shared', 'none'] as const;

const isUsageError = (error: unknown): boolean =>
  error instanceof LockstepError && error.exitCode === 64 && /: (give|add) /.test(error.message);

test('the pairs that go together are these six, and every other pair is refused', () => {
  const valid = new Set(
    ['variance trained', 'variance frozen', 'logVariance trained', 'logVariance shared'].concat([
      'fixedVariance none',
      'bernoulli none',
    ]),
  );
  for (const likelihood of likelihoods) {
    for (const varianceHead of heads) {
      const ask = () => varianceHeadOf({ likelihood, varianceHead }, true);
      if (valid.has(`${likelihood} ${varianceHead}`)) assert.equal(ask(), varianceHead);
      else assert.throws(ask, isUsageError, `${likelihood} ${varianceHead}`);
    }
  }
});

test('auto is the trained head, or none where a likelihood has none', () => {
  const auto = likelihoods.map((likelihood) => varianceHeadOf({ likelihood, varianceHead: 'auto' }, true));
  assert.deepEqual(Object.fromEntries(likelihoods.map((likelihood, index) => [likelihood, auto[index]])), {
    variance: 'trained',
    logVariance: 'trained',
    fixedVariance: 'none',
    bernoulli: 'none',
  });
});

test('only Bernoulli needs pixels', () => {
  for (const likelihood of likelihoods) {
    const ask = () => varianceHeadOf({ likelihood, varianceHead: 'auto' }, false);
    if (likelihood === 'bernoulli') assert.throws(ask, isUsageError);
    else assert.doesNotThrow(ask);
  }
});
