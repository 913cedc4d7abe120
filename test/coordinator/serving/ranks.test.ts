import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member } from '../../../coordinator/members.ts';
import { createRankBoard } from '../../../coordinator/serving/ranks.ts';
import type { WorkerMessage } from '../../../shared/protocol/messages.ts';

const fingerprint = { backend: 'cpu', version: '1', device: 'a CPU', threads: 1, precision: 'float32' };

/** A board with workers that come and go, and a clock that is set by hand. */
function createScene() {
  const members = new Map<string, Member>();
  const scene = { nowMs: 0 };
  const board = createRankBoard(
    () => ({ get: (peer) => members.get(peer) }),
    () => scene.nowMs,
  );
  const say = (peer: string, message: WorkerMessage): void => board.event({ type: 'message', peer, message });
  const node = (peer: string, task: number, first: number, end: number, computeMs: number): void => {
    const scalars = { sampleCount: 1, terms: {}, squares: 1, nonFinite: [] };
    say(peer, { type: 'node', task, attempt: 0, first, end, computeMs, ...scalars });
  };
  const join = (peer: string, rank: number): void => {
    say(peer, { type: 'hello', protocol: 1, version: '1', host: 'box', pid: 1, fingerprint });
    members.set(peer, { peer, rank, host: 'box', pid: 1, fingerprint, ready: true } as Member);
    board.notice({ kind: 'joined', rank, peer, reason: '' });
  };
  const lose = (peer: string): void => {
    board.notice({ kind: 'lost', rank: members.get(peer)!.rank, peer, reason: '' });
    members.delete(peer);
  };
  return Object.assign(scene, { board, members, say, node, join, lose });
}

test("a rank's time for a task is that of all its nodes, and begins anew with the next", () => {
  const { board, join, node } = createScene();
  join('a', 0);
  node('a', 7, 0, 2, 100);
  node('a', 7, 4, 5, 50);
  assert.deepEqual(
    board.views().map(({ computeSeconds, microBatches, state }) => [computeSeconds, microBatches, state]),
    [[0.15, 3, 'working']],
  );
  node('a', 8, 0, 2, 80);
  assert.equal(board.views()[0]!.computeSeconds, 0.08);
});

test('who is not heard of is silent, and who is lost stays on the board until it is back', () => {
  const scene = createScene();
  const { board, join, lose, say } = scene;
  join('a', 0);
  join('b', 1);
  scene.nowMs = 4000;
  say('a', { type: 'progress', task: 0, phase: 'waiting', residentBytes: 1e6 });
  assert.deepEqual(
    board.views().map(({ state, ageSeconds, residentBytes }) => [state, ageSeconds, residentBytes]),
    [
      ['waiting', 0, 1e6],
      ['silent', 4, null],
    ],
  );
  lose('b');
  scene.nowMs = 6000;
  assert.deepEqual(
    board.views().map(({ rank, state, ageSeconds }) => [rank, state, ageSeconds]),
    [
      [0, 'waiting', 2],
      [1, 'lost', 6],
    ],
  );
  join('c', 1);
  assert.deepEqual(
    board.views().map(({ state }) => state),
    ['waiting', 'waiting'],
  );
});

test('who is refused at the door is no rank', () => {
  const { board, say } = createScene();
  say('x', { type: 'hello', protocol: 1, version: '0', host: 'box', pid: 1, fingerprint });
  board.notice({ kind: 'refused', rank: null, peer: 'x', reason: 'another version' });
  assert.deepEqual(board.views(), []);
});
