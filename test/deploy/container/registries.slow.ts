/**
 * The whole Dockerfile, from the registries of npm and Python: packed, installed and set up inside, with TensorFlow.
 * Its base is this machine's Debian. Minutes, and some gigabytes: npm run containers.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { settingsOf, startComposed } from '../../support/containers/composed.ts';
import { startEngine, type Engine } from '../../support/containers/engine.ts';
import { buildImage, importPrometheus, importWholeBase } from '../../support/containers/images.ts';
import { stepsIn, train, until } from '../../support/lockstep.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { smallRun } from '../train/small-run.ts';

const image = 'lockstep:whole';
const steps = 1500;

test('an image that was built from registries computes on TensorFlow, and ends in the digest of the one-box run', async (context) => {
  const folder = temporaryFolder();
  const archive = join(folder, 'image.tar');
  const builder = await startEngine(context, 'host');
  if (builder === null) return;
  mkdirSync(join(folder, 'base'));
  importWholeBase(builder, 'lockstep-whole-base', join(folder, 'base'));
  buildImage(builder, image, 'cpu', { BASE: 'lockstep-whole-base' }, '--network', 'host');
  builder.docker(['save', '-o', archive, image]);
  await builder.stop();

  const engine = await startEngine(context);
  if (engine === null) return;
  engine.docker(['load', '-i', archive]);
  const alone = join(folder, 'alone');
  const words = [...smallRun, '--runtime', 'tensorflow', '--steps', String(steps), '--http-port', 'none'];
  const expected = await train([...words, '--workers', '1', '--run-dir', alone]);
  mkdirSync(join(folder, 'prometheus'));
  importPrometheus(engine, 'lockstep-prometheus', join(folder, 'prometheus'));
  const composed = startComposed(engine, folder, settingsOf(alone), {
    workers: 2,
    image,
    services: ['prometheus'],
    variables: { PROMETHEUS_IMAGE: 'lockstep-prometheus' },
  });
  const logs = (): string => composed.compose('logs', '--no-color');
  await until(() => stepsIn(composed.runDir) > steps / 3, logs, 120_000);
  engine.docker(['kill', composed.containers('worker')[0]!]);
  const [prometheus] = composed.containers('prometheus');
  await until(
    () => targetOf(engine, prometheus!) === 'lockstep up',
    () => engine.read(['logs', prometheus!]),
  );
  const summary = await composed.summary();
  assert.match(logs(), /tensorflow/);
  assert.equal(summary.parametersSha256, expected.parametersSha256);
});

/** Such as `lockstep up`, of the coordinator, which Prometheus reaches by its name and with its token. */
function targetOf(engine: Engine, id: string): string {
  const script =
    "fetch('http://127.0.0.1:9090/api/v1/targets').then((r) => r.json()).then(({ data }) => " +
    'data.activeTargets.forEach((t) => console.log(t.labels.job, t.health)), () => console.log("not there"))';
  return engine.docker(['exec', id, 'node', '-e', script]).trim();
}
