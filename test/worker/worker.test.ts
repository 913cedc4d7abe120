import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protocolVersion, type CoordinatorMessage } from '../../shared/protocol/messages.ts';
import { createWorkload } from '../../shared/runtime/workload.ts';
import type { TaskMessage, Welcome, WorkerEffect } from '../../worker/events.ts';
import type { RowPlan } from '../../worker/leaf-rows.ts';
import { createWorker } from '../../worker/worker.ts';
import { configOf } from '../support/cluster.ts';
import { ownRows, someData } from '../support/control-messages.ts';
import { linearModel } from '../support/fake-models.ts';

const fingerprint = { backend: 'cpu', version: '1', device: 'x', threads: 1, precision: 'float32' };
const hello = {
  type: 'hello',
  protocol: protocolVersion,
  version: '1',
  host: 'h',
  pid: 1,
  fingerprint,
} as const;
const welcome: Welcome = { type: 'welcome', rank: 0, configuration: {}, data: someData, testData: null };
const ready = {
  type: 'ready',
  model: linearModel(1).description,
  dataHash: '',
  testDataHash: null,
  rows: ownRows,
} as const;
const workload = createWorkload(configOf(), someData.rowCount, 0);
const plan: RowPlan = { workload, streamed: { training: null, test: null } };
const node = { first: 0, end: 2 };
const task: TaskMessage = {
  type: 'task',
  task: 1,
  attempt: 0,
  leafCount: 4,
  nodes: [node],
  needs: { parameters: 1 },
  resultLength: 2,
  spec: { kind: 'gradient', step: 0, settings: { klWeight: 1 }, wire: 'float32' },
};
const parameters = { type: 'array', array: 'parameters', version: 1, length: 2 } as const;
const chunk = {
  type: 'array',
  array: 'parameters',
  version: 1,
  chunk: 0,
  values: new Float32Array([1, 2]),
} as const;
const credit: CoordinatorMessage = { type: 'credit', task: 1, attempt: 0, ...node, chunks: [0] };
const result = {
  values: new Float32Array([3, 4]),
  sampleCount: 2,
  terms: { loss: 1 },
  squares: 25,
  nonFinite: [],
  computeMs: 1,
};

/** A worker that is told things, and what it does then, by name. */
function createSubject() {
  const worker = createWorker(hello);
  const names = (effects: readonly WorkerEffect[]): string =>
    effects.map((effect) => (effect.type === 'send' ? effect.message.type : effect.type)).join(' ');
  return {
    worker,
    connect: () => names(worker.handle({ type: 'connected', link: 0 })),
    lose: () => names(worker.handle({ type: 'lost' })),
    say: (message: CoordinatorMessage) => names(worker.handle({ type: 'message', link: 0, message })),
    send: (frame: typeof chunk) => names(worker.handle({ type: 'frame', link: 0, frame })),
    built: (of: Welcome = welcome) => names(worker.handle({ type: 'built', welcome: of, ready, plan })),
    computed: (of: TaskMessage = task) => names(worker.handle({ type: 'computed', task: of, node, result })),
  };
}

test('hello, build, ready; a task waits for its arrays, a chunk for its credit', () => {
  const { connect, say, built, send, computed } = createSubject();
  assert.equal(connect(), 'hello');
  assert.equal(say(welcome), 'build');
  assert.equal(built(), 'ready');
  assert.equal(say(task), '');
  assert.equal(say(parameters), '');
  assert.equal(send(chunk), 'received install compute');
  assert.equal(computed(), 'node');
  assert.equal(say(credit), 'sendFrame');
});

test('credit may come before the result', () => {
  const { connect, say, send, computed } = createSubject();
  connect();
  say(welcome);
  say(parameters);
  send(chunk);
  assert.equal(say(task), 'compute');
  assert.equal(say(credit), '');
  assert.equal(computed(), 'node sendFrame');
});

test('ready is said once on every connection, however building and losing overlap', () => {
  const twice = createSubject();
  twice.connect();
  assert.equal(twice.say(welcome), 'build');
  twice.lose();
  twice.connect();
  assert.equal(twice.say({ ...welcome, rank: 1 }), '', 'it is being built already');
  assert.equal(twice.built(), 'ready');

  const early = createSubject();
  early.connect();
  early.say(welcome);
  early.lose();
  early.connect();
  assert.equal(early.built(), '', 'nobody has welcomed it on this connection');
  assert.equal(early.say(welcome), 'ready');
});

test('another run is built anew, and what was built for the one before is not offered to it', () => {
  const { connect, say, built, lose } = createSubject();
  connect();
  say(welcome);
  lose();
  connect();
  const other = { ...welcome, configuration: { seed: 2 } };
  assert.equal(say(other), 'build');
  assert.equal(built(welcome), '');
  assert.equal(built(other), 'ready');
});

test('what belongs to an older task or connection counts no more, even when the same task comes again', () => {
  const { worker, connect, say, send, computed, lose } = createSubject();
  const join = (): void => {
    connect();
    say(welcome);
    say(parameters);
    send(chunk);
  };
  join();
  say(task);
  assert(worker.isCurrent(task));
  lose();
  assert.equal(worker.isCurrent(task), false);
  join();
  const again = { ...task };
  assert.equal(say(again), 'compute');
  assert.equal(worker.isCurrent(task), false);
  assert.equal(computed(task), '');
  assert.equal(computed(again), 'node');
  say({ ...task, task: 2 });
  assert.equal(computed(again), '');
  assert.equal(say(credit), '', 'credit of an older task is forgotten');
});

test('the same task sent again adds nodes, and begins them alone', () => {
  const { worker, say } = createSubject();
  const effects = (message: TaskMessage): WorkerEffect[] =>
    worker.handle({ type: 'message', link: 0, message });
  const free = { ...task, needs: {} };
  assert.equal(say(free), 'compute');
  const other = { first: 2, end: 4 };
  const [begun, ...rest] = effects({ ...free, nodes: [node, other] });
  assert(begun?.type === 'compute' && rest.length === 0);
  assert.deepEqual(begun.node, other);
});

test('an older version of an array is acknowledged and thrown away', () => {
  const { say, send, worker } = createSubject();
  say(parameters);
  say({ ...parameters, version: 2 });
  assert.equal(send(chunk), 'received');
  const header = { ...chunk, version: 2, dtype: 'float32', count: 2 } as const;
  assert.throws(() => worker.expect({ ...header, chunk: 1 }), { kind: 'bounds' });
  assert.deepEqual(worker.expect(header), { dtype: 'float32', count: 2 });
});

test('it leaves with the code that says why', () => {
  const codeOf = (message: CoordinatorMessage): number => {
    const [effect] = createWorker(hello).handle({ type: 'message', link: 0, message });
    assert(effect?.type === 'exit');
    return effect.code;
  };
  assert.equal(codeOf({ type: 'finish' }), 0);
  assert.equal(codeOf({ type: 'evict', reason: 'late' }), 75);
  assert.equal(codeOf({ type: 'refuse', reason: 'other data', exitCode: 78 }), 78);
});

test('of many leaves that are not finite it names as many as a message holds', () => {
  const { worker, say } = createSubject();
  const free = { ...task, needs: {} };
  say(free);
  const nonFinite = Array.from({ length: 5000 }, (_, leaf) => leaf);
  const [effect] = worker.handle({ type: 'computed', task: free, node, result: { ...result, nonFinite } });
  assert(effect?.type === 'send' && effect.message.type === 'node');
  assert.equal(effect.message.nonFinite.length, 1024);
});

test('with reducers outside it joins each before it is ready, and answers whoever asked', () => {
  const { worker, connect, say, built } = createSubject();
  const outside = { worker: 'me', endpoints: ['tcp://r:1', 'tcp://s:1'] };
  const from = (link: number, message: CoordinatorMessage): WorkerEffect[] =>
    worker.handle({ type: 'message', link, message });
  connect();
  assert.equal(say({ ...welcome, reducers: outside }), 'connect build');
  const [join] = worker.handle({ type: 'connected', link: 2 });
  assert.deepEqual(join, { type: 'send', to: 2, message: { type: 'join', worker: 'me' } });
  assert.equal(built(), '', 'the model is there, the reducers are not');
  assert.deepEqual(from(2, { type: 'joined' }), []);
  assert.deepEqual(from(1, { type: 'joined' }), [{ type: 'send', to: 0, message: ready }]);
  assert.throws(() => from(1, { type: 'joined' }), { kind: 'unasked' });

  from(1, parameters);
  const [received] = worker.handle({ type: 'frame', link: 1, frame: chunk });
  assert(received?.type === 'send' && received.to === 1 && received.message.type === 'received');
});

test('credit of a reducer may come before the task that it is for, and waits for it', () => {
  const { worker, say, computed } = createSubject();
  const free = { ...task, needs: {} };
  const early = (message: CoordinatorMessage): WorkerEffect[] =>
    worker.handle({ type: 'message', link: 1, message });
  assert.deepEqual(early(credit), []);
  assert.equal(say(free), 'compute');
  assert.equal(computed(free), 'node sendFrame');
  assert.deepEqual(early({ ...credit, first: 2, end: 4 } as CoordinatorMessage), [], 'of a node to come');
  const [, frame] = worker.handle({
    type: 'message',
    link: 0,
    message: { ...free, nodes: [node, { first: 2, end: 4 }] },
  });
  assert.equal(frame, undefined, 'it is computed first');
  assert.throws(() => say({ ...credit, first: 1, end: 2 } as CoordinatorMessage), { kind: 'unasked' });
  early({ ...credit, task: 0 } as CoordinatorMessage);
  assert.equal(say({ ...free, task: 2 }), 'compute', 'what was for an older task is forgotten');
});
