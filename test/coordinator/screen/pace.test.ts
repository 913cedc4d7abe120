import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPace, type Pace } from '../../../coordinator/screen/pace.ts';

/** A pace under a clock that the test moves. */
function underClock(): { pace: Pace; step(seconds: number): void; pass(seconds: number): void } {
  let now = 1000;
  const pace = createPace(() => now);
  const pass = (seconds: number): void => void (now += 1000 * seconds);
  return {
    pace,
    pass,
    step(seconds) {
      pass(seconds);
      pace.step({
        samples: 100,
        seconds,
        phases: { parameters: 0, compute: 0, exchange: seconds / 10, commit: 0 },
      });
    },
  };
}

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual}, expected ${expected}`);

test('the first step, which compiles, is no measure of the others', () => {
  const { pace, step } = underClock();
  assert.ok(Number.isNaN(pace.samplesPerSecond));
  step(30);
  assert.ok(Number.isNaN(pace.remainingSeconds(10)));
  step(0.5);
  near(pace.samplesPerSecond, 200);
  near(pace.exchangeShare, 0.1);
  near(pace.remainingSeconds(10), 5);
});

test('what evaluations take counts in what is left', () => {
  const { pace, step, pass } = underClock();
  for (let i = 0; i < 10; i += 1) step(1);
  pass(4); // the evaluation
  pace.evaluated();
  near(pace.remainingSeconds(20), 20 + 2 * 4);
  near(pace.remainingSeconds(0), 0);
});

test('a new interval takes over once it has something to say', () => {
  const { pace, step } = underClock();
  for (let i = 0; i < 10; i += 1) step(1);
  pace.evaluated();
  step(0.5);
  near(pace.samplesPerSecond, 100);
  for (let i = 0; i < 4; i += 1) step(0.5);
  near(pace.samplesPerSecond, 200);
});
