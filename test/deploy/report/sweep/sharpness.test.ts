/** Sweeps whose sharpness is known: what is said of it must be true, and no more than it shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharpnessNote } from '../../../../deploy/report/sweep/sharpness.ts';
import { studyOf } from '../../../../deploy/report/sweep/study.ts';
import { sharpnessTable } from '../../../../deploy/report/sweep/tables.ts';
import type { SharpnessRecord } from '../../../../deploy/trained/sharpness-file.ts';
import type { Config } from '../../../../shared/runtime/config.ts';
import { madeUpSharpness } from '../../../support/made-up-run.ts';
import { createNoise, madeUpPlan, madeUpTrial } from '../../../support/made-up-sweep.ts';

type Figures = Pick<SharpnessRecord, 'rise' | 'eigenvalue'>;

interface Truth {
  readonly seeds?: number;
  readonly settings?: Partial<Config>;
  /** Null where it was not measured. */
  readonly of: (batchSize: number, isControl: boolean, noise: () => number) => Figures | null;
}

function study({ seeds = 4, settings = {}, of }: Truth) {
  const noise = createNoise(3);
  const trials = Array.from({ length: seeds }, (_, index) => index + 1).flatMap((seed) =>
    [100, 400, 400].map((batchSize, index) => {
      const isControl = index === 2;
      const own = { ...settings, batchSize, seed, ...(isControl && { microBatchSize: 200 }) };
      const plan = madeUpPlan(own, { isControl, ...(isControl && { name: `control-${seed}` }) });
      const figures = of(batchSize, isControl, noise);
      const sharpness = figures === null ? null : madeUpSharpness(figures);
      return madeUpTrial({ plan, epochs: 4, loss: () => 200, sharpness });
    }),
  );
  const made = studyOf({ trials, file: { command: '', unit: 50, referenceBatchSize: 100, budget: '' } });
  const text = made.conclusions.map((each) => each.text).find((each) => each.startsWith('Sharpness'));
  return { ...made, trials, text };
}

/** Both measures double with the batch of 400. */
const sharper: Truth['of'] = (batchSize, _, noise) => ({
  rise: (batchSize === 400 ? 2 : 1) + 0.05 * noise(),
  eigenvalue: (batchSize === 400 ? 400 : 200) + 5 * noise(),
});

test('a difference that stands is called one, of ends and not of minima', () => {
  const { text, sharpness } = study({ of: sharper });
  assert.equal(sharpness.comparisons[0]!.effects.rise.verdict, 'stands');
  assert.match(text!, /batch 400 against 100: SAM’s rise [\d.]+ nats higher \([\d.]+ to [\d.]+\)/);
  assert.match(text!, /The larger batch ended where the loss is sharper, after 200 updates against 800/);
  assert.match(text!, /nothing is said of minima/);
});

test('where the loss decided when training ended, nothing is held back', () => {
  const { text } = study({ of: sharper, settings: { stopOn: 'heldOut', epochs: 1_000_000 } });
  assert.match(text!, /sharper, and all trials trained until their loss stopped falling/);
  const short = study({ of: sharper, settings: { stopOn: 'heldOut', epochs: 4 } }); // its epochs ended it
  assert.match(short.text!, /training was not over/);
});

test('nothing is claimed of what is chance, of one seed, of what the control does, or of measures that disagree', () => {
  const chance = study({ of: (_, __, noise) => ({ rise: 1 + noise(), eigenvalue: 200 + 50 * noise() }) });
  assert.match(chance.text!, /within the spread of 4 seeds.*No difference in sharpness stands out\.$/);
  assert.match(study({ of: sharper, seeds: 1 }).text!, /One seed cannot tell.*nothing is concluded\.$/);
  const control = study({
    of: (size, isControl, noise) => sharper(isControl ? 100 : size, isControl, noise),
  });
  assert.match(control.text!, /no more than the control may do.*No difference in sharpness stands out\.$/);
  const split = study({
    of: (size, isControl, noise) => {
      const { rise, eigenvalue } = sharper(size, isControl, noise)!;
      return { rise, eigenvalue: -eigenvalue! };
    },
  });
  assert.match(split.text!, /The two measures disagree: nothing is concluded\.$/);
});

test('where nothing was measured nothing is said, and the table says not available', () => {
  const none = study({ of: () => null });
  assert.equal(none.text, undefined);
  assert.equal(none.sharpness.isMeasured, false);
  assert.ok(sharpnessTable(none).rows.every((row) => row.includes('not available')));
});

test('the table has means and ranges over the seeds that were measured', () => {
  let count = 0;
  const found = study({ seeds: 2, of: () => (count++ === 0 ? null : { rise: count, eigenvalue: null }) });
  assert.deepEqual(sharpnessTable(found).rows, [
    ['100', '800', '200.0', '4.00', '–', 'not available', '–', '1 of 2'],
    ['400', '800', '200.0', '3.50', '2.00 to 5.00', 'not available', '–', '2'],
    ['400, control 200', '800', '200.0', '4.50', '3.00 to 6.00', 'not available', '–', '2'],
  ]);
  assert.doesNotMatch(sharpnessNote(found.trials), /settled/);
});

test('an eigenvalue that had not settled is told of', () => {
  const { trials } = study({ of: sharper });
  const [first, ...others] = trials.map(({ plan, run }) => ({ plan, run: { ...run } }));
  first!.run.sharpness = { ...first!.run.sharpness!, isSettled: false };
  assert.match(sharpnessNote([first!, ...others]), /Of 1 trial the eigenvalue had not settled/);
});
