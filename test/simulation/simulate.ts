/**
 * Searches for schedules that break a promise, and replays them.
 *
 *   npm run simulate -- --seed 17              one schedule, with its transcript
 *   npm run simulate -- --seed 17 --count 500  so many, from that seed on
 *   npm run simulate -- --forever              until one fails, or it is interrupted
 *   ... --mutate epoch                         the program without one of its checks (edits.mjs)
 *
 * The first violation ends it with exit code 1, after the transcript.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createKernelPool } from './kernel-pool.ts';
import { scheduleOf } from './schedule.ts';
import { simulate, type Outcome } from './simulation.ts';

const lastLines = 250; // of a transcript

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '0' },
    count: { type: 'string' },
    seconds: { type: 'string' }, // give up after so long
    forever: { type: 'boolean', default: false },
    mutate: { type: 'string' },
  },
});
const first = Number(values.seed);
const count = values.forever ? Infinity : Number(values.count ?? 1);
if (!Number.isSafeInteger(first) || first < 0 || !(count >= 1))
  throw new Error('expected --seed and --count as whole numbers');
const transcribe = values.count === undefined && !values.forever;
const untilMs = performance.now() + 1000 * Number(values.seconds ?? Infinity);

const folder = mkdtempSync(join(tmpdir(), 'lockstep-simulate-'));
const workshop = { folder, kernels: createKernelPool() };
try {
  process.exitCode = await search();
} finally {
  rmSync(folder, { recursive: true });
}

async function search(): Promise<number> {
  const beganMs = performance.now();
  let [tried, events] = [0, 0];
  for (let seed = first; tried < count && performance.now() < untilMs; seed++, tried++) {
    const outcome = await simulate(scheduleOf(seed), workshop, transcribe);
    events += outcome.events;
    if (transcribe) console.log(outcome.transcript.join('\n'));
    if (outcome.violation !== null) return fail(outcome);
    if (values.forever && tried % 1000 === 999) say(tried + 1, events, beganMs);
  }
  say(tried, events, beganMs);
  return 0;
}

function say(tried: number, events: number, beganMs: number): void {
  const seconds = (performance.now() - beganMs) / 1000;
  console.log(
    `${tried} schedules from seed ${first}, ${events} events, ${seconds.toFixed(1)} s: all promises kept`,
  );
}

function fail({ seed, violation, transcript }: Outcome): number {
  if (!transcribe) {
    const left = Math.max(0, transcript.length - lastLines);
    console.log(left === 0 ? '' : `... ${left} lines before; npm run simulate -- --seed ${seed} shows all`);
    console.log(transcript.slice(-lastLines).join('\n'));
  }
  console.log(`seed ${seed}: ${violation}\nreplay: npm run simulate -- --seed ${seed}`);
  return 1;
}
