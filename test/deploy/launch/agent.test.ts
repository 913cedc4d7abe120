/** The process on a box, without ssh: it speaks, and nothing of it outlives its launcher's silence. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { decodeFromBox, encode, type FromBox, type ToBox } from '../../../deploy/launch/wire.ts';
import { createKeyPair } from '../../../shared/transport/zeromq.ts';
import { makeKeyTexts } from '../../../shared/runtime/key-files.ts';

const entry = resolve(import.meta.dirname, '../../../deploy/lockstep.mjs');

function startAgent(timeoutSeconds: number, context: TestContext) {
  const child = spawn(process.execPath, [entry, 'box', '--timeout', `${timeoutSeconds}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  context.after(() => void child.kill('SIGKILL'));
  const heard: FromBox[] = [];
  let wake = (): void => undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    heard.push(decodeFromBox(line));
    wake();
  });
  return {
    child,
    say: (message: ToBox) => void child.stdin.write(encode(message)),
    async hears<T extends FromBox['type']>(type: T): Promise<Extract<FromBox, { type: T }>> {
      for (;;) {
        const found = heard.find((message) => message.type === type);
        if (found !== undefined) return found as Extract<FromBox, { type: T }>;
        await new Promise<void>((settle) => (wake = settle));
      }
    },
  };
}

test('a worker gets its keys from no disk, and dies with a launcher that falls silent', async (context) => {
  const agent = startAgent(3, context);
  const hello = await agent.hears('hello');
  assert.ok(hello.cores >= 1);
  const { connection } = makeKeyTexts('tcp://127.0.0.1:1', createKeyPair);
  const words = ['worker', '--runtime', 'cpu'];
  const secret = { flag: '--connect', text: connection };
  agent.say({ type: 'start', id: 0, words, environment: { MARK: 'x' }, secret, graceMs: 1000 });
  const line = await Promise.race([agent.hears('line'), agent.hears('exit')]);
  if (line.type === 'line') assert.doesNotMatch(line.text, /dev\/fd/); // what it says of them would be a complaint
  const [code] = (await once(agent.child, 'exit')) as [number | null];
  assert.equal(code, 0);
  assert.equal((await agent.hears('exit')).id, 0);
});

test('a check is answered, or refused with the reason and the exit code', async (context) => {
  const agent = startAgent(60, context);
  await agent.hears('hello');
  agent.say({
    type: 'check',
    id: 0,
    check: { what: 'data', paths: [join('/nowhere', 'x.mat')], ...synthetic },
  });
  const { problem } = await agent.hears('answer');
  assert.equal(problem?.exitCode, 65);
  assert.match(problem.message, /x\.mat/);
  agent.child.stdin.end();
  assert.deepEqual(await once(agent.child, 'exit'), [0, null]);
});

const synthetic = { syntheticRows: 10, syntheticSeed: 1, rows: null, dataDir: null };
