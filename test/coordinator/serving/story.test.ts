import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStory, type Changes } from '../../../coordinator/serving/story.ts';
import { evaluationOf, stepOf } from '../../support/records.ts';

const extent = { stepCount: 5000, epochs: null };

/** What a page knows that was told these changes, one after the other. */
function apply(known: Changes, changes: Changes): Changes {
  const { course, evaluations } = known;
  return {
    ...known,
    ...changes,
    course: {
      first: 0,
      points: [...course!.points.slice(0, changes.course?.first), ...(changes.course?.points ?? [])],
    },
    evaluations: {
      first: 0,
      records: [
        ...evaluations!.records.slice(0, changes.evaluations?.first),
        ...(changes.evaluations?.records ?? []),
      ],
    },
  };
}

test('who was told everything once, and then what changed, knows all that there is', () => {
  const story = createStory(
    'run',
    () => 0,
    () => 1000,
  );
  let known = story.whole();
  for (let step = 0; step < 3000; step += 1) {
    story.stepDone!(stepOf(step), extent);
    if (step % 2 === 1) story.evaluated!(evaluationOf(step + 1), extent);
    if (step % 700 === 0) story.notice!({ kind: 'lost', rank: 1, peer: 'a', reason: 'it is gone' });
    if (step % 7 === 0) known = apply(known, story.changes()!);
  }
  known = apply(known, story.changes()!);
  assert.deepEqual(known, story.whole());
  assert.equal(story.changes(), null);
  assert.ok(known.course!.points.length <= 1200 && known.evaluations!.records.length <= 1000);
});

test('the last evaluation is always among those that are kept', () => {
  const story = createStory(
    'run',
    () => 0,
    () => 0,
  );
  for (let step = 1; step <= 2500; step += 1) story.evaluated!(evaluationOf(step), extent);
  assert.equal(story.whole().evaluations!.records.at(-1)!.step, 2500);
});

test('a resumed run shows the steps of its earlier sittings', () => {
  const story = createStory(
    'run',
    () => 0,
    () => 0,
  );
  story.remember([0, 1, 2].map(stepOf), [evaluationOf(2)]);
  const { progress, course } = story.whole();
  assert.deepEqual([progress!.steps, progress!.state, course!.points.length], [3, 'preparing', 3]);
});

test('a run that ends badly says so, and why', () => {
  const story = createStory(
    'run',
    () => 0,
    () => 1000,
  );
  story.ended('failed', 'the gradient of step 3 is not finite');
  const { progress, happenings } = story.whole();
  assert.equal(progress?.state, 'failed');
  assert.match(happenings?.at(-1)?.text ?? '', /the run has failed: the gradient of step 3 is not finite/);
  assert.equal(happenings?.at(-1)?.level, 'problem');
});
