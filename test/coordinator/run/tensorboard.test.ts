/** What TensorBoard itself reads in a run's event files: tags, steps and values. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { evaluationScalars, openEventFile, stepScalars } from '../../../coordinator/run/events.ts';
import { evaluationOf, stepOf } from '../../support/records.ts';
import { python, requires } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const script = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1])
events.Reload()
tags = events.Tags()["scalars"]
print(json.dumps({tag: [[each.step, each.value] for each in events.Scalars(tag)] for tag in tags}))
`;

test('tensorboard reads every scalar of a run, and of a resumed one what it made anew', (context) => {
  if (!requires('tensorboard', context)) return;
  const folder = temporaryFolder();
  const sitting = (name: string, firstStep: number, end: number, seconds: number): void => {
    const file = openEventFile(folder, name, firstStep, () => seconds);
    for (let step = firstStep; step < end; step += 1) file.scalars(step + 1, stepScalars(stepOf(step)));
    file.scalars(end, evaluationScalars(evaluationOf(end)));
    file.flush();
  };
  sitting('lockstep.1', 0, 6, 1_800_000_000);
  sitting('lockstep.2', 4, 8, 1_800_000_100); // from the checkpoint of step 4 on
  const { stdout, stderr, status } = spawnSync(python, ['-c', script, folder], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const read = JSON.parse(stdout) as Record<string, [step: number, value: number][]>;
  const tags = [...Object.keys(stepScalars(stepOf(0))), ...Object.keys(evaluationScalars(evaluationOf(0)))];
  assert.deepEqual(Object.keys(read).sort(), [...new Set(tags)].sort());
  assert.deepEqual(
    read['step/loss'],
    Array.from({ length: 8 }, (_, step) => [step + 1, 100 - step]),
  );
  assert.deepEqual(read['held_out/loss'], [[8, 94]]);
});
