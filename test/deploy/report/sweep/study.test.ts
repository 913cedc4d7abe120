/** Sweeps whose truth is known: what is said of them must be true, and no more than they show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { studyOf } from '../../../../deploy/report/sweep/study.ts';
import { createNoise, madeUpPlan, madeUpTrial } from '../../../support/made-up-sweep.ts';

interface Truth {
  readonly epochs?: number;
  readonly seeds?: number;
  readonly noise?: number; // standard deviation over seeds, nats
  readonly noiseSeed?: number;
  readonly control?: number | null; // what the other micro-batch adds, nats; null for no control
  /** Of a batch size at an epoch and a step. */
  readonly loss: (at: { epoch: number; step: number }, batchSize: number) => number;
}

const sizes = [100, 400];

function study({ epochs = 4, seeds = 4, noise = 0.05, noiseSeed = 1, control = 0, loss }: Truth) {
  const deviate = createNoise(noiseSeed);
  const trials = Array.from({ length: seeds }, (_, index) => index + 1).flatMap((seed) => {
    const make = (batchSize: number, isControl: boolean) => {
      const own = noise * deviate() + (isControl ? (control ?? 0) : 0);
      const settings = { batchSize, seed, ...(isControl && { microBatchSize: 200 }) };
      const plan = madeUpPlan(settings, { isControl, ...(isControl && { name: `control-${seed}` }) });
      return madeUpTrial({ plan, epochs, loss: (at) => loss(at, batchSize) + own });
    };
    return [...sizes.map((size) => make(size, false)), ...(control === null ? [] : [make(400, true)])];
  });
  const file = { command: '', unit: 50, referenceBatchSize: 100, budget: '' };
  const made = studyOf({ trials, file });
  return { ...made, text: made.conclusions.map(({ text }) => text).join('\n') };
}

/** A loss that falls with the number of updates, whatever the batch. */
const byUpdates = ({ step }: { step: number }): number => 300 - 40 * Math.log(step + 10);
const byEpochs = ({ epoch }: { epoch: number }): number => 300 - 40 * Math.log(epoch + 0.1);
const verdicts = ({ effects: { comparisons } }: ReturnType<typeof study>) => {
  const { epochs, updates, time } = comparisons[0]!.effects;
  return [epochs.verdict, updates.verdict, time.verdict];
};

test('where the batch changes nothing at equal epochs, nothing is claimed of equal epochs', () => {
  const found = study({ loss: byEpochs });
  assert.equal(found.effects.comparisons[0]!.effects.epochs.verdict, 'within');
  assert.match(
    found.text,
    /It shows at equal updates alone, where the larger batch has seen 4 times as many/,
  );
});

test('where nothing matters at all, a claim is made in at most 5 of 100 studies', () => {
  let claims = 0;
  const count = 300;
  for (let noiseSeed = 1; noiseSeed <= count; noiseSeed += 1) {
    const found = study({ seeds: 3, noise: 1, noiseSeed, control: null, loss: () => 100 });
    if (verdicts(found).includes('stands')) claims += 1;
    else assert.match(found.text, /No difference stands out/);
  }
  assert.ok(claims <= 0.05 * count, `${claims} of ${count}`);
});

test('an effect of updates alone is called one', () => {
  const found = study({ loss: byUpdates });
  assert.deepEqual(verdicts(found).slice(0, 2), ['stands', 'within']);
  assert.match(found.text, /at equal epochs 54\.\d nats worse \(/);
  assert.match(found.text, /goes with the number of updates, of which the larger batch makes 4 times fewer/);
  assert.doesNotMatch(found.text, /does not explain it/);
});

test('a true effect shows at equal updates too, and is called more than updates', () => {
  const found = study({ loss: (at, batchSize) => byUpdates(at) + (batchSize === 400 ? 3 : 0) });
  assert.deepEqual(verdicts(found).slice(0, 2), ['stands', 'stands']);
  assert.match(found.text, /at equal updates 3\.\d\d nats worse \(\d\.\d\d to \d\.\d\d\)/);
  assert.match(found.text, /the number of updates alone does not explain it/);
});

test('a control of little effect takes nothing from a large one, however few the seeds', () => {
  const found = study({ seeds: 3, noise: 2, noiseSeed: 4, control: 1, loss: byUpdates });
  assert.equal(found.effects.comparisons[0]!.effects.epochs.verdict, 'stands');
});

test('one seed concludes nothing, however large the difference', () => {
  const found = study({ seeds: 1, loss: (at, batchSize) => byUpdates(at) + batchSize });
  assert.deepEqual(verdicts(found), ['one seed', 'one seed', 'one seed']);
  assert.match(found.text, /nothing is concluded/);
  assert.doesNotMatch(found.text, /explain|goes with|stands/);
});

test('an effect no larger than the control’s is not claimed', () => {
  const loss: Truth['loss'] = (at, batchSize) => byUpdates(at) + (batchSize === 400 ? 3 : 0);
  const found = study({ loss, control: -4 });
  assert.equal(found.effects.comparisons[0]!.effects.updates.verdict, 'below control');
  assert.match(found.text, /at equal updates 3\.\d\d nats worse \(no more than the control may do\)/);
  assert.match(
    found.text,
    /The control, one batch in other micro-batches: at equal epochs \d\.\d\d nats better/,
  );
  assert.doesNotMatch(found.text, /does not explain it/);
});

test('a spread too wide to tell leaves the question open', () => {
  const found = study({ seeds: 2, noise: 6, noiseSeed: 3, control: null, loss: byUpdates });
  assert.doesNotMatch(found.text, /does not explain it|goes with the number/);
});

test('points are the last that all trials reached', () => {
  const { effects } = study({ loss: byUpdates });
  assert.deepEqual(effects.points, { epochs: 4, updates: 200, time: 2.8 });
});

test('where the larger batch ended before the smaller was evaluated, that is said, and nothing of updates', () => {
  const found = study({ epochs: 0.75, loss: byUpdates });
  assert.deepEqual(verdicts(found).slice(0, 2), ['stands', 'unavailable']);
  assert.match(found.text, /at equal updates not known; .* more epochs would tell\./);
  assert.doesNotMatch(study({ loss: byUpdates }).text, /more epochs/);
});

test('without trials a study says that there is nothing to compare', () => {
  const file = { command: '', unit: 50, referenceBatchSize: 100, budget: '' };
  const { conclusions, shown } = studyOf({ trials: [], file });
  assert.match(conclusions[0]!.text, /Nothing to compare yet/);
  assert.deepEqual(shown, []);
});
