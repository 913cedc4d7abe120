import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReducerMachine, type ReducerEffect } from '../../../coordinator/reducers/machine.ts';
import { createKernels } from '../../../shared/math/kernels.ts';
import type { ReducerCommand } from '../../../shared/protocol/reducer-messages.ts';

const parameters = [{ name: 'w', shape: [4], initialiser: { kind: 'zeros' } as const }];
const open: ReducerCommand = {
  type: 'open',
  parameters,
  chunks: { first: 0, end: 1 },
  budget: 4,
  window: 2,
};
const begin: ReducerCommand = {
  type: 'begin',
  task: 1,
  attempt: 0,
  leafCount: 1,
  batchSize: 2,
  wire: 'float32',
  shares: [{ worker: 'a', nodes: [{ first: 0, end: 1 }] }],
};
const scalars = {
  gradientScale: 1,
  learningRate: 0.5,
  beta1: 0,
  beta2: 0,
  epsilon: 0,
  correction1: 1,
  correction2: 1,
};
const sumOf = (values: readonly number[], task = 1) =>
  ({
    type: 'sum',
    task,
    attempt: 0,
    first: 0,
    end: 1,
    chunk: 0,
    values: Float32Array.from(values),
  }) as const;
const stateOf = (array: 'parameters' | 'firstMoment' | 'secondMoment', value: number) =>
  ({ type: 'array', array, version: 0, chunk: 0, values: new Float32Array(4).fill(value) }) as const;

/** A reducer that is told things, and what it does then, by name. */
function createSubject() {
  const machine = createReducerMachine(createKernels);
  const nameOf = (effect: ReducerEffect): string =>
    'message' in effect
      ? effect.message.type
      : 'frame' in effect && effect.frame.type === 'array'
        ? effect.frame.array
        : effect.type;
  const names = (effects: readonly ReducerEffect[]): string => effects.map(nameOf).join(' ');
  return {
    machine,
    obey: (command: ReducerCommand) => names(machine.handle({ type: 'command', command })),
    join: (peer: string, worker: string) =>
      names(machine.handle({ type: 'message', peer, message: { type: 'join', worker } })),
    load: (frame: ReturnType<typeof stateOf>) => names(machine.handle({ type: 'state', frame })),
    send: (peer: string, frame: ReturnType<typeof sumOf>) =>
      names(machine.handle({ type: 'frame', peer, frame })),
    lose: (peer: string) => names(machine.handle({ type: 'lost', peer })),
  };
}

function createWorking() {
  const subject = createSubject();
  subject.obey(open);
  for (const array of ['parameters', 'firstMoment', 'secondMoment'] as const) subject.load(stateOf(array, 0));
  subject.join('p', 'a');
  return subject;
}

test('from its first word to its last: a step is reported, committed, sent, and read', () => {
  const { machine, obey, load, join, send, lose } = createSubject();
  assert.equal(obey({ type: 'accept' }), 'listen');
  assert.equal(obey(open), '');
  assert.equal(load(stateOf('parameters', 3)) + load(stateOf('firstMoment', 0)), '');
  assert.equal(load(stateOf('secondMoment', 0)), 'stored');
  assert.equal(obey({ type: 'publish', version: 1 }), '');
  assert.equal(join('p', 'a'), 'joined');
  assert.equal(obey({ type: 'attach', worker: 'a' }), 'array parameters');
  assert.equal(obey(begin), 'credit');
  assert.equal(send('p', sumOf([2, 2, 2, 2])), 'delivered report');
  assert.equal(obey({ type: 'commit', version: 2, scalars }), 'array parameters');
  const effects = machine.handle({ type: 'command', command: { type: 'read', version: 1, chunks: [0] } });
  assert.deepEqual(
    effects.map((effect) => effect.type === 'tellFrame' && effect.frame.values[0]),
    [2.5, 1, 1], // a step of 0.5 along the sign of the mean gradient, 1
  );
  assert.equal(obey({ type: 'finish' }), '', 'workers go first');
  assert.equal(lose('p'), 'exit');
});

test('what is for a worker that is not here is not sent, and changes nothing', () => {
  const { obey, join, lose } = createWorking();
  lose('p');
  assert.equal(obey({ type: 'publish', version: 1 }) + obey({ type: 'attach', worker: 'a' }), '');
  assert.equal(obey(begin), '');
  assert.equal(join('q', 'b'), 'joined');
  assert.equal(obey({ type: 'reassign', first: 0, end: 1, worker: 'b' }), 'credit');
});

test('values are taken from those who joined, for the sum that is open, once', () => {
  const { machine, obey, send } = createWorking();
  assert.throws(() => machine.expect({ ...sumOf([0]), dtype: 'float32', count: 4 }), { kind: 'stale' });
  obey(begin);
  assert.throws(() => send('x', sumOf([1, 1, 1, 1])), { kind: 'unasked' });
  assert.throws(() => send('p', sumOf([1, 1, 1, 1], 2)), { kind: 'stale' });
  send('p', sumOf([1, 1, 1, 1]));
  assert.throws(() => send('p', sumOf([1, 1, 1, 1])), { kind: 'duplicate' });
});

test('a coordinator that breaks the protocol is no coordinator', () => {
  const { obey, load, join } = createSubject();
  assert.throws(() => obey(begin), { kind: 'unasked' });
  obey(open);
  assert.throws(() => obey(open), { kind: 'unasked' });
  assert.throws(() => obey({ type: 'read', version: 1, chunks: [1] }), { kind: 'bounds' });
  load(stateOf('parameters', 1));
  assert.throws(() => load(stateOf('parameters', 1)), { kind: 'duplicate' });
  join('p', 'a');
  assert.throws(() => join('q', 'a'), { kind: 'unasked' }, 'a name is taken once');
});

test('without its coordinator a reducer is of no use, unless the run is over', () => {
  const { machine, obey } = createWorking();
  const orphan = () => machine.handle({ type: 'orphaned', reason: 'gone' });
  const [exit] = orphan();
  assert(exit?.type === 'exit' && exit.code === 75);
  obey({ type: 'finish' });
  assert.deepEqual(orphan(), []);
});

test('a step is begun once, and committed once, when it is whole', () => {
  const { machine, obey, send } = createWorking();
  const parameter = (): unknown => {
    const [effect] = machine.handle({
      type: 'command',
      command: { type: 'read', version: 1, chunks: [0] },
    });
    return effect?.type === 'tellFrame' && effect.frame.values[0];
  };
  obey(begin);
  assert.throws(() => obey({ type: 'commit', version: 2, scalars }), { kind: 'unasked' });
  assert.equal(parameter(), 0);
  send('p', sumOf([2, 2, 2, 2]));
  assert.throws(() => obey(begin), { kind: 'unasked' }, 'what arrived is not forgotten');
  obey({ type: 'commit', version: 2, scalars });
  assert.equal(parameter(), -0.5);
  assert.throws(() => obey({ type: 'commit', version: 2, scalars }), { kind: 'unasked' });
  assert.equal(parameter(), -0.5);
});
