/** The scripts that containers start, with made-up programs in place of lockstep and of the driver's. */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import { until } from '../../support/lockstep.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const container = resolve(import.meta.dirname, '../../../deploy/container');

/** @returns the environment in which these programs come first. @param scripts by name */
function withPrograms(folder: string, scripts: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return { ...process.env, PATH: `${folder}:/usr/bin:/bin` };
}

test('a coordinator begins a run, and goes on with it when it is started again', () => {
  const folder = temporaryFolder();
  const environment = withPrograms(folder, { lockstep: 'echo "$@"' });
  const start = (): string => {
    const words = [join(container, 'coordinator.sh'), join(folder, 'run'), 'run.yaml', '--port=5770'];
    return spawnSync('sh', words, { env: environment, encoding: 'utf8' }).stdout.trim();
  };
  assert.equal(start(), `coordinator --config run.yaml --run-dir ${folder}/run --port=5770`);
  mkdirSync(join(folder, 'run'));
  writeFileSync(join(folder, 'run/config.yaml'), '');
  assert.equal(start(), `coordinator --resume ${folder}/run --port=5770`);
});

interface Worker {
  readonly child: ChildProcess;
  readonly said: () => string;
}

function startWorker(context: TestContext, environment: NodeJS.ProcessEnv, folder: string): Worker {
  const words = [join(container, 'worker.sh'), folder, '--connect=keys.json'];
  const child = spawn('sh', words, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += String(chunk)));
  context.after(() => child.kill('SIGKILL'));
  return { child, said: () => text.trim() };
}

test('each worker takes a GPU of its own; one too many ends; one that dies leaves its GPU to the next', async (context) => {
  const folder = temporaryFolder();
  const environment = withPrograms(folder, {
    'nvidia-smi': 'echo "GPU 0: made up"; echo "GPU 1: made up"',
    lockstep: 'echo "$CUDA_VISIBLE_DEVICES $*"; exec sleep 60',
  });
  const workers: Worker[] = [];
  const next = async (): Promise<string> => {
    const worker = startWorker(context, environment, folder);
    workers.push(worker);
    await until(
      () => worker.said() !== '',
      () => 'a worker says nothing',
    );
    return worker.said();
  };
  assert.equal(await next(), '0 worker --connect=keys.json');
  assert.equal(await next(), '1 worker --connect=keys.json');
  assert.match(await next(), /^lockstep: each of the 2 GPUs has a worker already/);
  await until(
    () => workers[2]!.child.exitCode !== null,
    () => 'it lives',
  );
  assert.equal(workers[2]!.child.exitCode, 69);
  workers[0]!.child.kill('SIGKILL');
  await until(
    () => workers[0]!.child.signalCode !== null,
    () => 'it lives',
  );
  assert.equal(await next(), '0 worker --connect=keys.json');
});

test('without a GPU the worker itself decides', () => {
  const folder = temporaryFolder();
  const programs = {
    'nvidia-smi': 'echo "No devices were found"; exit 6',
    lockstep: 'echo "[$CUDA_VISIBLE_DEVICES] $*"',
  };
  const words = [join(container, 'worker.sh'), folder, '--connect=keys.json'];
  const { stdout } = spawnSync('sh', words, { env: withPrograms(folder, programs), encoding: 'utf8' });
  assert.equal(stdout.trim(), '[] worker --connect=keys.json');
});
