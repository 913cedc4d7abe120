import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonPoint, readOff } from '../../../../deploy/report/sweep/read-off.ts';
import { madeUpPlan, madeUpTrial } from '../../../support/made-up-sweep.ts';

const line = (batchSize: number, epochs: number) =>
  madeUpTrial({
    plan: madeUpPlan({ batchSize }),
    epochs,
    loss: ({ epoch }) => 10 * epoch,
  });

test('the common point is the last that every trial reached, on each axis', () => {
  const trials = [line(100, 2), line(400, 3)];
  assert.equal(commonPoint(trials, 'epochs'), 2);
  assert.equal(commonPoint(trials, 'updates'), 150); // 3 epochs of 50, not 2 of 200
  assert.equal(commonPoint([], 'time'), null);
});

test('between two evaluations the line that joins them is read', () => {
  const trial = line(100, 2);
  assert.equal(readOff(trial, 'epochs', 1, 'heldOut', 'loss'), 10);
  assert.ok(Math.abs((readOff(trial, 'epochs', 1.1, 'heldOut', 'loss') ?? 0) - 11) < 1e-9);
  assert.ok(Math.abs((readOff(trial, 'updates', 220, 'training', 'loss') ?? 0) - 11) < 1e-9);
});

test('outside of what was evaluated there is no number', () => {
  const trial = line(100, 2);
  assert.equal(readOff(trial, 'epochs', 0.1, 'heldOut', 'loss'), null);
  assert.equal(readOff(trial, 'epochs', 2.1, 'heldOut', 'loss'), null);
  assert.equal(readOff(trial, 'epochs', 1, 'heldOut', 'no such term'), null);
});
