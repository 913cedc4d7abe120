/** What a checkpoint's model may differ in, and what not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkInitialModel, checkResumedModel } from '../../../coordinator/run/model-check.ts';
import type { ModelDescription } from '../../../shared/protocol/messages.ts';
import { smallModel } from '../../support/snapshots.ts';

type Parameter = ModelDescription['parameters'][number];

const withParameter = (index: number, changes: Partial<Parameter>): ModelDescription => ({
  ...smallModel,
  parameters: smallModel.parameters.map((each, at) => (at === index ? { ...each, ...changes } : each)),
});
const refusal = (message: RegExp) => ({ exitCode: 65, message });

test('the same model is gone on with and begun with, whatever process described it', () => {
  checkResumedModel(structuredClone(smallModel), smallModel);
  checkInitialModel('x', structuredClone(smallModel), smallModel);
});

test('a run goes on with the whole of its model, and may begin with other penalties and first values', () => {
  for (const changes of [{ l2: 1 }, { initialiser: { kind: 'zeros' } as const }]) {
    const other = withParameter(0, changes);
    assert.throws(() => checkResumedModel(other, smallModel), refusal(/another model/));
    checkInitialModel('x', other, smallModel);
  }
});

test('the first parameter that means something else is named, with what was got and expected', () => {
  const extra: Parameter = { name: 'more', shape: [1], initialiser: { kind: 'zeros' } };
  const cases: [ModelDescription, RegExp][] = [
    [
      withParameter(0, { shape: [2, 4] }),
      /x: its parameter 1 is a\/kernel \[2, 4\], expected a\/kernel \[2, 3\]/,
    ],
    [withParameter(1, { name: 'b' }), /parameter 2 is b \[3\], expected a\/bias \[3\]/],
    [withParameter(2, { frozen: false }), /is head \[4\], expected head \[4\], frozen/],
    [withParameter(2, { initialiser: { kind: 'zeros' } }), /"zeros".*expected .*"normal"/],
    [{ ...smallModel, parameters: smallModel.parameters.slice(0, 2) }, /3 is missing, expected head/],
    [{ ...smallModel, parameters: smallModel.parameters.toReversed() }, /parameter 1 is head/],
    [{ ...smallModel, parameters: [...smallModel.parameters, extra] }, /4 is more \[1\], expected none/],
  ];
  for (const [initial, message] of cases) {
    assert.throws(() => checkInitialModel('x', initial, smallModel), refusal(message));
  }
});
