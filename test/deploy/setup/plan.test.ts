/** The order in which a TensorFlow is looked for, over every combination of what a machine may have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { neededBytes, planTensorflow, remedy, type Facts } from '../../../deploy/setup/plan.mjs';

const bareMachine: Facts = {
  platform: 'linux',
  architecture: 'x64',
  glibc: true,
  gpu: false,
  offline: false,
  unpacked: false,
  pip: true,
  compiler: true,
  freeBytes: 1e12,
  userFolder: null,
  there: null,
  failures: {},
};

const anyFacts: fc.Arbitrary<Facts> = fc.record({
  platform: fc.constantFrom('linux', 'darwin', 'win32'),
  architecture: fc.constantFrom('x64', 'arm64', 'ia32'),
  glibc: fc.boolean(),
  gpu: fc.boolean(),
  offline: fc.boolean(),
  unpacked: fc.boolean(),
  pip: fc.boolean(),
  compiler: fc.boolean(),
  freeBytes: fc.constantFrom(0, 5e9, 1e12),
  userFolder: fc.constantFrom(null, '/opt/tensorflow'),
  there: fc.oneof(
    fc.constant(null),
    fc.record({
      flavour: fc.constantFrom('cpu' as const, 'gpu' as const, 'user' as const, 'vendor' as const),
      userFolder: fc.constantFrom(null, '/opt/tensorflow', '/opt/other'),
    }),
  ),
  failures: fc.constantFrom(
    {},
    { wheel: 'no index' },
    { vendor: 'no store' },
    { wheel: 'no index', vendor: 'no store' },
  ),
});

test('a bare machine tries the wheel, then the vendor', () => {
  assert.deepEqual(planTensorflow(bareMachine), {
    routes: ['wheel', 'vendor'],
    flavour: 'cpu',
    obstacles: [],
    packages: [],
  });
});

test('what is there is kept, but for a GPU that it cannot use', () => {
  for (const flavour of ['cpu', 'gpu', 'user', 'vendor'] as const) {
    const facts = {
      ...bareMachine,
      there: { flavour, userFolder: flavour === 'user' ? '/opt/tensorflow' : null },
    };
    assert.deepEqual(planTensorflow(facts).routes, ['keep'], flavour);
  }
  const behind = { ...bareMachine, gpu: true, there: { flavour: 'cpu' as const, userFolder: null } };
  assert.deepEqual(planTensorflow(behind).routes, ['wheel', 'vendor']);
  assert.equal(planTensorflow(behind).flavour, 'gpu');
});

test('a folder that somebody names is used, whatever else there is', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { routes } = planTensorflow({ ...facts, userFolder: '/opt/tensorflow' });
      const isThere = facts.there?.flavour === 'user' && facts.there.userFolder === '/opt/tensorflow';
      assert.deepEqual(routes, [isThere ? 'keep' : 'user']);
    }),
  );
});

test('LOCKSTEP_OFFLINE leaves no route that fetches', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { routes } = planTensorflow({ ...facts, offline: true });
      assert.ok(!routes.includes('vendor'));
      assert.ok(!routes.includes('wheel') || facts.unpacked);
    }),
  );
});

test('where no route is left, an obstacle says why', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { routes, obstacles } = planTensorflow(facts);
      assert.ok(routes.length > 0 || obstacles.length > 0);
    }),
  );
});

test('a wheel is tried only where it can work: Linux with glibc on x86-64 or arm64', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      if (!planTensorflow(facts).routes.includes('wheel')) return;
      assert.ok(facts.platform === 'linux' && facts.glibc && ['x64', 'arm64'].includes(facts.architecture));
      assert.ok(facts.compiler && (facts.unpacked || (facts.pip && facts.freeBytes > neededBytes.cpu)));
    }),
  );
});

test('a route that failed is not tried again, and its reason is given', () => {
  const plan = planTensorflow({ ...bareMachine, failures: { wheel: 'the index is silent' } });
  assert.deepEqual(plan.routes, ['vendor']);
  assert.deepEqual(plan.obstacles, ['the index is silent']);
});

test('missing programs give the command of the system that installs them', () => {
  const { packages, obstacles } = planTensorflow({ ...bareMachine, pip: false, compiler: false });
  assert.deepEqual(obstacles, ['a C++ compiler is missing', 'python3 with pip is missing']);
  const lack = { packages, offline: false, isRoot: false };
  const on = (manager: string) => remedy(lack, (program) => program === manager);
  assert.equal(on('apt-get'), 'sudo apt-get install -y python3-pip g++ && npx lockstep setup');
  assert.equal(on('dnf'), 'sudo dnf install -y python3-pip gcc-c++ && npx lockstep setup');
  assert.equal(on('none'), 'npx lockstep setup');
  assert.equal(
    remedy({ ...lack, offline: true }, () => true),
    'LOCKSTEP_OFFLINE=0 npx lockstep setup',
  );
});
