import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect, Notice } from '../../coordinator/effects.ts';
import type { Member } from '../../coordinator/members.ts';
import { createStalls } from '../../coordinator/stalls.ts';
import { createWatch } from '../../coordinator/watch.ts';

const fingerprint = { backend: 'cpu', version: '1', device: 'EPYC', threads: 1, precision: 'float32' };
const member = (rank: number, ready = true): Member => ({
  peer: `p${rank}`,
  rank,
  host: `box${rank}`,
  pid: 1,
  fingerprint,
  ready,
});

/** Stalls under a clock that the test turns. */
function scene() {
  let now = 1000;
  const watch = createWatch(() => now);
  const stalls = createStalls(watch, () => now);
  /** Lets so many seconds pass, asking each second. @returns what was said, with the second */
  const pass = (seconds: number, ask: () => Effect[]): [number, Notice][] =>
    Array.from({ length: seconds }, (_, i): [number, Notice][] => {
      now += 1000;
      return ask().flatMap((effect) => (effect.type === 'notice' ? [[i + 1, effect.notice]] : []));
    }).flat();
  return { watch, stalls, pass };
}

test('a stall is told of within five seconds, with who, where and since when, and again as its age doubles', () => {
  const { watch, stalls, pass } = scene();
  watch.told('p1');
  watch.heard('p1', 'sending values');
  const said = pass(40, () => stalls.owed('gradient of step 3', [member(1)], 700));
  assert.deepEqual(
    said.map(([second]) => second),
    [4, 8, 16, 32],
  );
  const by = [
    {
      rank: 1,
      host: 'box1',
      device: 'EPYC',
      reason: 'sending values (its process does not answer)',
      ageMs: 4000,
    },
  ];
  assert.deepEqual(said[0]![1], { kind: 'stalled', what: 'gradient of step 3', by });
});

test('a process that answers, and does not work, is told from one that does not', () => {
  const { watch, stalls, pass } = scene();
  watch.told('p1');
  const [first] = pass(5, () => {
    watch.alive('p1', 'gradient');
    return stalls.owed('gradient of step 3', [member(1)], 700);
  });
  assert(first?.[1].kind === 'stalled');
  assert.equal(first[1].by[0]!.reason, 'told of its task (its process answers: gradient)');
});

test('who is heard of is waited for in silence, and so is a task that takes its usual time', () => {
  const { watch, stalls, pass } = scene();
  for (const peer of ['p1', 'p2']) watch.told(peer);
  const spoken = pass(30, () => {
    watch.heard('p1', 'computing');
    return stalls.owed('gradient of step 3', [member(1)], 700);
  });
  assert.deepEqual(spoken, []);
  const long = scene();
  long.watch.told('p1');
  assert.equal(long.pass(60, () => long.stalls.owed('covariance', [member(1)], 20_000))[0]![0], 40);
});

test('the first of a kind compiles, and has longer', () => {
  const { watch, stalls, pass } = scene();
  watch.told('p0');
  assert.equal(pass(20, () => stalls.owed('evaluate', [member(0)], null))[0]![0], 15);
});

test('a run that waits for workers says who is missing, and since when', () => {
  const { watch, stalls, pass } = scene();
  watch.heard('p0', 'getting ready');
  watch.heard('p2', 'getting ready');
  stalls.lost(member(1), 'lost: silent for 5 s');
  stalls.lost(member(3), 'lost: it crashed');
  stalls.joined(3);
  const said = pass(9, () => stalls.tooFew([member(0), member(2, false)], 2));
  assert.deepEqual(
    said.map(([second]) => second),
    [5, 9].slice(0, said.length),
  );
  const [, notice] = said[0]!;
  assert(notice.kind === 'tooFew');
  assert.deepEqual([notice.ready, notice.wanted], [1, 2]);
  assert.deepEqual(
    notice.missing.map(({ rank, reason, ageMs }) => [rank, reason, ageMs]),
    [
      [2, 'getting ready', 5000],
      [1, 'lost: silent for 5 s', 5000],
    ],
  );
});

test('a run that begins gives its workers time to start', () => {
  const { stalls, pass } = scene();
  assert.equal(pass(20, () => stalls.tooFew([], 1))[0]![0], 16);
});
