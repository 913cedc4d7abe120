import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { createStream } from '../../../coordinator/serving/stream.ts';

/** A stream whose clock is wound by hand, and a reader of it. */
function createScene() {
  const due: (() => void)[] = [];
  const failures: unknown[] = [];
  let asked = 0;
  const news: object[] = [];
  const stream = createStream({
    clock: {
      nowMs: () => 0,
      wallTime: () => new Date(0),
      after: (_delayMs, callback) => {
        due.push(callback);
        return () => {};
      },
    },
    whole: () => Promise.resolve({ all: true }),
    changes: () => {
      asked += 1;
      return Promise.resolve(news.shift() ?? null);
    },
    onFailure: (error) => failures.push(error),
  });
  const settle = async (): Promise<void> => {
    for (let index = 0; index < 5; index += 1) await turn();
  };
  const read = () => {
    const pipe = new PassThrough();
    stream.open(pipe as unknown as ServerResponse);
    return { pipe, text: () => String(pipe.read() ?? '') };
  };
  const wind = async (): Promise<void> => {
    due.shift()?.();
    await settle();
  };
  return { stream, read, wind, settle, news, failures, asked: () => asked };
}

test('a reader is told everything, then what changes; when nobody looks nothing is asked', async () => {
  const scene = createScene();
  await scene.settle();
  assert.equal(scene.asked(), 0);
  const reader = scene.read();
  await scene.settle();
  assert.equal(reader.text(), 'retry: 1000\n\nevent: whole\ndata: {"all":true}\n\n');
  scene.news.push({ step: 1 });
  await scene.wind();
  assert.equal(reader.text(), 'event: changes\ndata: {"step":1}\n\n');
  reader.pipe.destroy();
  await scene.settle();
  await scene.wind();
  const asked = scene.asked();
  await scene.wind();
  assert.equal(scene.asked(), asked);
});

test('at the end readers are told the last changes, and that there are no more', async () => {
  const scene = createScene();
  const reader = scene.read();
  await scene.settle();
  reader.text();
  scene.news.push({ over: true });
  await scene.stream.close();
  assert.equal(reader.text(), 'event: changes\ndata: {"over":true}\n\nevent: end\ndata: {}\n\n');
  assert.deepEqual(scene.failures, []);
});

test('a reader that does not read is cut off before it fills the memory', async () => {
  const scene = createScene();
  const reader = scene.read();
  await scene.settle();
  Object.defineProperty(reader.pipe, 'writableLength', { value: 2 ** 24 });
  scene.news.push({ step: 1 });
  await scene.wind();
  assert.ok(reader.pipe.destroyed);
});
