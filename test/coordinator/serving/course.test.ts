import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCourse, phasesOf } from '../../../coordinator/serving/course.ts';
import { stepOf } from '../../support/records.ts';

test('the phases of a step do not overlap and add up to it', () => {
  const record = stepOf(3);
  const phases = phasesOf(record);
  assert.equal(
    Object.values(phases).reduce((sum, seconds) => sum + seconds, 0),
    record.seconds,
  );
  assert.equal(phases.wait, 0.0625);
});

test('a course holds so many points at most, whose means are those of all steps', () => {
  const course = createCourse(8);
  const steps = 100;
  for (let step = 0; step < steps; step += 1) course.add(stepOf(step));
  const points = course.from(0);
  assert.ok(points.length <= 8);
  assert.equal(points.at(-1)!.steps, steps);
  assert.equal(points[0]!.steps, 16); // 100 steps in 8 points: 16 each
  assert.equal(points[0]!.terms['loss'], 100 - 7.5); // of steps 0 to 15
  assert.equal(points[0]!.samplesPerSecond, 500);
  assert.equal(points[0]!.noiseScale, 48);
});

test('a reader that knows the earlier points needs only the last ones, until the version changes', () => {
  const course = createCourse(4);
  for (let step = 0; step < 3; step += 1) course.add(stepOf(step));
  const known = course.from(0);
  const { version, length } = course;
  course.add(stepOf(3));
  assert.equal(course.version, version);
  assert.deepEqual([...known.slice(0, length - 1), ...course.from(length - 1)], course.from(0));
  course.add(stepOf(4));
  assert.notEqual(course.version, version);
});
