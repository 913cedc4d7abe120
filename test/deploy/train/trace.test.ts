/** A trace of a real run: processes, sockets and clocks of their own. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runLockstep, train } from '../../support/lockstep.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { crossings, isWithin, lengthUs, named, readTrace, type ReadSpan } from '../../support/trace.ts';
import { smallRun } from './small-run.ts';

const steps = 3;
const microBatches = [0, 1, 2, 3, 4];

test('a trace holds every rank, phases that add up to their step, and kernels within gradients', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'trace.json');
  const flags = [...smallRun, '--runtime', 'wasm', '--workers', '2', '--steps', `${steps}`];
  await train([...flags, '--run-dir', join(folder, 'run'), '--trace', file]);
  const trace = readTrace(readFileSync(file, 'utf8'));
  assert.deepEqual(crossings(trace), []);
  const roles = trace.processes.map((name) => name.replace(/ on .*/, ''));
  assert.deepEqual(roles.toSorted(), ['coordinator', 'rank 0', 'rank 1'], trace.processes.join(', '));

  const made = named(trace, /^step \d+$/);
  assert.equal(made.length, steps);
  for (const step of made) {
    const inside = trace.spans.filter(({ track, process }) => track === 'main' && process === 'coordinator');
    const phases = inside.filter((span) => span !== step && isWithin(span, step) && lengthUs(span) > 0);
    const sumUs = phases.reduce((sum, phase) => sum + lengthUs(phase), 0);
    assert.ok(Math.abs(sumUs - lengthUs(step)) <= 0.03 * lengthUs(step), `${sumUs} of ${lengthUs(step)} us`);
  }

  const gradients = named(trace, /^gradient$/).filter(({ track }) => track === 'main');
  for (const phase of named(trace, /^compute$/)) {
    const within = gradients.filter((gradient) => isWithin(gradient, phase, trace.errorUs + 1));
    const found = new Set(within.map(({ args }) => args['microBatch']));
    assert.deepEqual(
      [...found].map(Number).toSorted((a, b) => a - b),
      microBatches,
      `of the step that began at ${phase.beganUs} us`,
    );
  }
  for (const gradient of gradients) checkGradient(trace.spans, gradient);
});

/** Its phases, in their order and of its length; in the passes, kernels. */
function checkGradient(spans: readonly ReadSpan[], gradient: ReadSpan): void {
  const { process, track } = gradient;
  const inside = spans.filter(
    (span) =>
      span.process === process && span.track === track && span !== gradient && isWithin(span, gradient),
  );
  const [projection, forward, backward] = ['projection', 'forward', 'backward'].map((name) =>
    inside.find((span) => span.name === name),
  );
  assert.ok(projection && forward && backward, inside.map(({ name }) => name).join(', '));
  assert.deepEqual(
    [projection.beganUs, projection.endedUs, forward.endedUs, backward.endedUs],
    [gradient.beganUs, forward.beganUs, backward.beganUs, gradient.endedUs],
  );
  for (const pass of [forward, backward]) {
    const products = inside.filter((span) => isWithin(span, pass) && 'gflop' in span.args);
    assert.ok(products.length > 0, `no matrix product in ${pass.name}`);
  }
}

test('a file that cannot be made is refused before anything is started', async () => {
  const folder = temporaryFolder();
  const runDir = join(folder, 'run');
  const words = ['train', '--run-dir', runDir, '--trace', join(folder, 'none', 'trace.json')];
  const { code, stderr } = await runLockstep(words);
  assert.equal(code, 64, stderr);
  assert.match(
    stderr,
    /^lockstep: --trace \S+ cannot be written: its folder \S+ is not there: make it first/,
  );
  assert.ok(!existsSync(runDir));
});
