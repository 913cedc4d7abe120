import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSpeeds, type Speeds } from '../../coordinator/speeds.ts';
import { deal } from '../../shared/math/deal.ts';

const peers = ['a', 'b'];

/** Steps of eight micro-batches at so many ms each; what each worker is dealt after every step. */
function follow(speeds: Speeds, times: readonly (readonly number[])[], leafCount = 8): number[][] {
  return times.map((taken) => {
    const dealt = leavesBy(speeds.choose(peers, leafCount), leafCount);
    peers.forEach((peer, i) => speeds.learn(peer, dealt[i]!, dealt[i]! * taken[i]!));
    return dealt;
  });
}

const leavesBy = (shares: readonly number[] | undefined, leafCount: number): number[] =>
  deal(leafCount, peers.length, shares).map((nodes) =>
    nodes.reduce((n, { first, end }) => n + end - first, 0),
  );

const steps = (count: number, ...taken: number[]): number[][] => Array.from({ length: count }, () => taken);

test('a worker that takes three times as long gets a third as much, once it was measured', () => {
  const dealt = follow(createSpeeds(), steps(8, 100, 300));
  assert.deepEqual(dealt[0], [4, 4]);
  assert.deepEqual(dealt.at(-1), [6, 2]);
});

test('the first step of a process is warm-up: a worker that joins does not begin with a small share', () => {
  const speeds = createSpeeds();
  assert.deepEqual(follow(speeds, [[100, 5000], ...steps(5, 100, 100)]), steps(6, 4, 4));
});

test('noise of 15 % never changes the deal: it is the equal one', () => {
  const noise = fc.integer({ min: 93, max: 106 });
  fc.assert(
    fc.property(fc.array(fc.tuple(noise, noise), { minLength: 5, maxLength: 40 }), (times) => {
      for (const leafCount of [3, 8, 63]) {
        const speeds = createSpeeds();
        follow(speeds, times, leafCount);
        assert.equal(speeds.choose(peers, leafCount), undefined);
      }
    }),
    { numRuns: 40 },
  );
});

test('shares stay while others would not pay, and go back to equal ones with the speeds', () => {
  const speeds = createSpeeds();
  follow(speeds, steps(20, 100, 300));
  const shares = speeds.inUse(peers);
  follow(speeds, [...steps(1, 104, 300), ...steps(1, 100, 285), ...steps(1, 97, 310)]);
  assert.equal(speeds.inUse(peers), shares);
  follow(speeds, steps(40, 100, 100));
  assert.equal(speeds.choose(peers, 8), undefined);
});

test('one step that was slow by chance changes nothing', () => {
  const speeds = createSpeeds();
  follow(speeds, [...steps(5, 100, 100), [100, 210], ...steps(5, 100, 100)]);
  assert.equal(speeds.inUse(peers), undefined);
});

test('who comes or goes is not dealt by what others were measured for', () => {
  const speeds = createSpeeds();
  follow(speeds, steps(10, 100, 300));
  assert.equal(speeds.inUse(['a', 'c']), undefined);
  speeds.forget('b');
  assert.equal(speeds.choose(peers, 8), undefined); // the new b is as the others until it was measured
});

test('a worker too slow for any work is tried again some day', () => {
  const speeds = createSpeeds();
  const dealt = follow(speeds, steps(200, 100, 3000));
  assert.deepEqual(dealt[6], [8, 0]);
  assert(dealt.slice(6).some(([, second]) => second! > 0));
});

test('a worker whose work others finished is as slow as it was seen to be, at least', () => {
  const speeds = createSpeeds();
  follow(speeds, steps(3, 100, 100));
  for (let step = 0; step < 5; step++) speeds.atLeast('b', 4, 2000);
  for (let step = 0; step < 2; step++) assert.equal(speeds.choose(peers, 8), undefined);
  assert.deepEqual(leavesBy(speeds.choose(peers, 8), 8), [7, 1]);
  speeds.atLeast('b', 4, 4); // says nothing
  assert.deepEqual(leavesBy(speeds.choose(peers, 8), 8), [7, 1]);
});
