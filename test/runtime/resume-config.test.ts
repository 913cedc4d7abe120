/** A run that goes on: what may change, what may not, and what becomes of the schedule. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../shared/errors.ts';
import { configSchema, type Config, type ConfigField } from '../../shared/runtime/config.ts';
import type { Setting } from '../../shared/runtime/load-config.ts';
import { keepHorizon, resumeConfig } from '../../shared/runtime/resume-config.ts';

const saved = configSchema.parse({ epochs: 20 });

function resume(said: Partial<Config>, kind: 'flag' | 'environment' = 'flag', from = saved) {
  const settings = Object.entries(said).map(([field, value]): [ConfigField, Setting] => [
    field as ConfigField,
    { value, source: { kind } },
  ]);
  return resumeConfig(from, new Map(settings), 'runs/a/config.yaml');
}

const refused = (act: () => unknown, pattern: RegExp): void =>
  assert.throws(
    act,
    (error: unknown) =>
      error instanceof LockstepError && error.exitCode === 64 && pattern.test(error.message),
  );

test('settings that leave the bits alone may change; saying the same again is no change', () => {
  const said = { workers: 5, maxSeconds: 9, checkpointEvery: '5steps', keepCheckpoints: 1, batchSize: 1000 };
  assert.deepEqual(resume(said).config, { ...saved, ...said });
});

test('the same files may lie elsewhere now', () => {
  assert.deepEqual(resume({ data: ['/other'] }).config, { ...saved, data: ['/other'] });
});

test('settings that make it another run are refused with both values', () => {
  refused(() => resume({ batchSize: 500 }), /^--batch-size 500: .* begun with 1000/);
  refused(() => resume({ threads: 2 }), /--threads 2: .* begun with none/);
  refused(() => resume({ runtime: 'wasm' }), /begun with auto/);
  refused(() => resume({ width: 7 }), /--width 7: .* begun with/);
  refused(() => resume({ wire: 'bfloat16' }), /--wire bfloat16: .* begun with float32/);
});

test('the environment is ignored, and told so, where it would change the run', () => {
  const { config, notices } = resume({ batchSize: 500, epochs: 30, workers: 3 }, 'environment');
  assert.deepEqual(config, { ...saved, workers: 3 });
  assert.match(
    notices.join('\n'),
    /^LOCKSTEP_BATCH_SIZE=500 is ignored: .* 1000\nLOCKSTEP_EPOCHS=30 is ignored/,
  );
});

test('a run may be lengthened, in epochs or in steps, and never shortened', () => {
  assert.equal(resume({ epochs: 30 }).config.epochs, 30);
  const { epochs, steps } = resume({ steps: 900 }).config;
  assert.deepEqual([epochs, steps], [null, 900]);
  refused(() => resume({ epochs: 19 }), /--epochs 19: .* begun with 20, and may only be lengthened/);
  refused(() => resume({ epochs: 30, steps: 900 }), /both set/);
  refused(
    () => keepHorizon({ ...saved, epochs: null, steps: 99 }, saved, (each) => each * 10),
    /end at step 99/,
  );
});

test('a lengthened run keeps the horizon of its schedule, unless told', () => {
  const stepsOf = (epochs: number): number => epochs * 10;
  assert.equal(keepHorizon(saved, saved, stepsOf).scheduleSteps, null);
  const longer = keepHorizon({ ...saved, epochs: 30 }, saved, stepsOf);
  assert.equal(longer.scheduleSteps, 200);
  assert.equal(keepHorizon({ ...longer, epochs: 40 }, longer, stepsOf).scheduleSteps, 200);
  assert.equal(keepHorizon({ ...saved, epochs: 30, scheduleSteps: 300 }, saved, stepsOf).scheduleSteps, 300);
});
