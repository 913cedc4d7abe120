/**
 * Dockerfile, compose.yaml and the manifests on a real engine, with images that need no registry. One engine and one
 * image serve all: they are what takes time here.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RunSummary } from '../../../coordinator/summary.ts';
import { manifestsFolder } from '../../../deploy/kubernetes/manifests.ts';
import { settingsOf, startComposed } from '../../support/containers/composed.ts';
import { startEngine, type Engine } from '../../support/containers/engine.ts';
import { buildTestImage, testImage } from '../../support/containers/images.ts';
import { jobNamed, kustomized } from '../../support/containers/kustomized.ts';
import { keysOf, startPod, type Cluster } from '../../support/containers/pods.ts';
import { stepsIn, train, until } from '../../support/lockstep.ts';
import { requires } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { smallRun } from '../train/small-run.ts';

const steps = 400;
const patienceMs = 180_000;

test('runs on a container engine', async (context) => {
  const engine = await startEngine(context);
  if (engine === null) return;
  const folder = temporaryFolder();
  buildTestImage(engine, folder);
  const alone = join(folder, 'alone');
  const words = [...smallRun, '--runtime', 'wasm', '--steps', String(steps), '--http-port', 'none'];
  const expected = await train([...words, '--workers', '1', '--run-dir', alone]);
  const settings = settingsOf(alone);
  await context.test('compose: a worker is killed half-way, and the digest is that of the one-box run', () =>
    composedRun(engine, folder, settings, expected),
  );
  await context.test('pods: a worker and the coordinator are killed, and the digest is the same', (inner) =>
    podsRun(inner, engine, folder, settings, expected),
  );
});

async function composedRun(engine: Engine, folder: string, settings: string, expected: RunSummary) {
  const composed = startComposed(engine, folder, settings, { workers: 2 });
  const [coordinator, ...none] = composed.containers('coordinator');
  const workers = composed.containers('worker');
  assert.deepEqual([none.length, workers.length], [0, 2]);
  const logs = (): string => composed.compose('logs', '--no-color');
  await until(() => stepsIn(composed.runDir) > steps / 8, logs, patienceMs);
  await until(
    () => composed.inspect(coordinator!, '{{.State.Health.Status}}') === 'healthy',
    logs,
    patienceMs,
  );
  for (const id of [coordinator!, workers[1]!]) {
    assert.equal(composed.inspect(id, '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}}'), '1000:1000 true');
    assert.equal(composed.inspect(id, '{{.HostConfig.CapDrop}} {{.HostConfig.CapAdd}}'), '[ALL] []');
  }
  engine.docker(['kill', workers[0]!]);
  assert.ok(stepsIn(composed.runDir) < steps, 'the run is over before a worker was killed');
  const summary = await composed.summary();
  assert.equal(summary.parametersSha256, expected.parametersSha256);
  assert.match(logs(), /lost/);
  composed.compose('down', '--volumes');
}

async function podsRun(
  context: TestContext,
  engine: Engine,
  folder: string,
  settings: string,
  expected: RunSummary,
) {
  if (!requires('kubectl', context)) return;
  const network = 'pods';
  engine.docker(['network', 'create', network]);
  const objects = kustomized(join(fileURLToPath(manifestsFolder), 'overlays/cpu'));
  const [coordinatorJob, workerJob] = ['coordinator', 'worker'].map((role) =>
    jobNamed(objects, `lockstep-${role}`),
  );
  const volumes = join(folder, 'volumes');
  mkdirSync(volumes);
  const cluster: Cluster = {
    engine,
    folder: volumes,
    network,
    image: testImage,
    secrets: keysOf(engine, testImage, join(folder, 'keys')),
    configMaps: { 'lockstep-settings': { 'run.yaml': settings } },
  };
  const coordinator = startPod(cluster, coordinatorJob!, 0);
  const workers = [0, 1].map((index) => startPod(cluster, workerJob!, index));
  const logs = (): string => [coordinator, ...workers].map((id) => engine.read(['logs', id])).join('\n');
  const runDir = join(volumes, 'lockstep-runs/run');
  await until(() => stepsIn(runDir) > steps / 8, logs, patienceMs);
  const answers = ['/healthz', '/readyz', '/metrics'].map((path) => probe(engine, coordinator, path));
  assert.deepEqual(answers, [200, 200, 401]);
  engine.docker(['kill', workers[0]!]);
  engine.docker(['kill', coordinator]);
  assert.ok(stepsIn(runDir) < steps, 'the run is over before the coordinator was killed');
  engine.docker(['rm', coordinator]); // as its Job does, before it makes another of that name
  const another = startPod(cluster, coordinatorJob!, 0);
  startPod(cluster, workerJob!, 0);
  const state = (format: string): string => engine.docker(['inspect', '-f', format, another]).trim();
  await until(
    () => state('{{.State.Running}}') === 'false',
    () => engine.read(['logs', another]),
    patienceMs,
  );
  assert.equal(state('{{.State.ExitCode}}'), '0', engine.read(['logs', another]));
  const summary = JSON.parse(engine.docker(['logs', another]).trim().split('\n').at(-1)!) as RunSummary;
  assert.equal(summary.parametersSha256, expected.parametersSha256);
}

/** As kubelet asks: without a token, by the pod's own address. @returns the status, 0 for no answer */
function probe(engine: Engine, id: string, path: string): number {
  const script =
    "fetch(`http://${require('node:os').hostname()}:5771${process.argv[1]}`)" +
    '.then((r) => console.log(r.status), () => console.log(0))';
  return Number(engine.docker(['exec', id, 'node', '-e', script, path]));
}
