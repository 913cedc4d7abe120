/** Downloads against a server that cuts, stalls, forgets ranges and corrupts: the right file in the end, or why not. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { download } from '../../../deploy/data/download.ts';
import { exitCodes } from '../../../shared/errors.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';
import { refuses } from '../../support/collect.ts';
import { type Behaviour, type FileServer, serveFile } from '../../support/file-server.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >>> 5));
const file = {
  name: 'digits.mat',
  bytes: content.length,
  md5: createHash('md5').update(content).digest('hex'),
};

interface Attempt {
  readonly server: FileServer;
  readonly path: string;
  readonly notes: string[];
  readonly progress: number[];
  readonly run: () => Promise<'fetched' | 'present'>;
}

async function prepare(
  context: TestContext,
  plan: readonly Behaviour[],
  served = content,
  stallMs = 60_000,
): Promise<Attempt> {
  const server = await serveFile(context, served, plan);
  const path = join(temporaryFolder(), file.name);
  const [notes, progress]: [string[], number[]] = [[], []];
  const run = (): Promise<'fetched' | 'present'> =>
    download(`${server.url}/${file.name}`, path, file, {
      clock: systemClock,
      stallMs,
      firstRetryMs: 1,
      maxAttempts: 3,
      onProgress: (done) => void progress.push(done),
      onRetry: (line) => void notes.push(line),
    });
  return { server, path, notes, progress, run };
}

/** The file is there, whole, and nothing else is. */
function assertWhole({ path }: Attempt): void {
  assert.ok(readFileSync(path).equals(content));
  assert.deepEqual(readdirSync(join(path, '..')), [file.name]);
}

test('a file comes in one go, and is left alone when it is there', async (context) => {
  const attempt = await prepare(context, []);
  assert.equal(await attempt.run(), 'fetched');
  assertWhole(attempt);
  assert.equal(attempt.progress.at(-1), content.length);
  assert.equal(await attempt.run(), 'present');
  assert.deepEqual(attempt.server.ranges, [null]);
});

test('cut again and again, it goes on where it stopped: every byte is asked for once', async (context) => {
  const cut = (afterBytes: number): Behaviour => ({ kind: 'cut', afterBytes });
  const attempt = await prepare(context, [cut(100_000), cut(70_000), cut(50_000), cut(40_000)]);
  assert.equal(await attempt.run(), 'fetched');
  assertWhole(attempt);
  const expected = [null, 'bytes=100000-', 'bytes=170000-', 'bytes=220000-', 'bytes=260000-'];
  assert.deepEqual(attempt.server.ranges, expected);
  assert.equal(attempt.notes.length, 4);
});

test('what another process left is gone on with', async (context) => {
  const attempt = await prepare(context, []);
  writeFileSync(`${attempt.path}.partial`, content.subarray(0, 123_456));
  await attempt.run();
  assertWhole(attempt);
  assert.deepEqual(attempt.server.ranges, ['bytes=123456-']);
  assert.equal(attempt.progress[0], 123_456);
});

test('a download that lacks nothing but its name asks for nothing', async (context) => {
  const attempt = await prepare(context, []);
  writeFileSync(`${attempt.path}.partial`, content);
  await attempt.run();
  assertWhole(attempt);
  assert.deepEqual(attempt.server.ranges, []);
});

test('a silent connection is given up, and gone on with', async (context) => {
  const attempt = await prepare(context, [{ kind: 'stall', afterBytes: 50_000 }], content, 300);
  await attempt.run();
  assertWhole(attempt);
  assert.match(attempt.notes[0]!, /got no byte for .* s; again in 1 s/);
  assert(attempt.server.ranges.length >= 2);
});

test('a server that ignores ranges starts over, and still ends', async (context) => {
  const attempt = await prepare(context, [{ kind: 'cut', afterBytes: 100_000 }, { kind: 'ignore range' }]);
  await attempt.run();
  assertWhole(attempt);
  assert.deepEqual(attempt.server.ranges, [null, 'bytes=100000-']);
});

test('another range than asked for, or none at all, starts over', async (context) => {
  for (const odd of [{ kind: 'wrong range' }, { kind: 'status', status: 416 }] satisfies Behaviour[]) {
    const attempt = await prepare(context, [odd]);
    writeFileSync(`${attempt.path}.partial`, content.subarray(0, 1000));
    await attempt.run();
    assertWhole(attempt);
    assert.deepEqual(attempt.server.ranges, ['bytes=1000-', null]);
  }
});

test('servers that are busy are asked again', async (context) => {
  const attempt = await prepare(context, [
    { kind: 'status', status: 503 },
    { kind: 'status', status: 429 },
  ]);
  await attempt.run();
  assertWhole(attempt);
  assert.match(attempt.notes.join(), /got HTTP 503.*got HTTP 429/);
});

test('a corrupted download is thrown away and made again; twice is a refusal', async (context) => {
  const once = await prepare(context, [{ kind: 'corrupt' }]);
  await once.run();
  assertWhole(once);
  assert.match(once.notes[0]!, /got MD5 [0-9a-f]{32}, expected [0-9a-f]{32}; from the beginning again/);
  const twice = await prepare(context, [{ kind: 'corrupt' }, { kind: 'corrupt' }]);
  await refuses(twice.run, [twice.server.url, 'got MD5', '2 times', `expected ${file.md5} as published`]);
  assert.deepEqual(readdirSync(join(twice.path, '..')), []);
});

test('what another file left, or a partial that is too long, does no harm', async (context) => {
  for (const left of [
    Buffer.alloc(1000, 7),
    Buffer.alloc(content.length, 7),
    Buffer.alloc(content.length + 1),
  ]) {
    const attempt = await prepare(context, []);
    writeFileSync(`${attempt.path}.partial`, left);
    await attempt.run();
    assertWhole(attempt);
  }
});

test('a server without the file, and a file of another size, are refused at once', async (context) => {
  const absent = await prepare(context, [{ kind: 'status', status: 404 }]);
  await refuses(absent.run, [`${absent.server.url}/digits.mat: got HTTP 404, expected digits.mat`, '--url']);
  assert.equal(absent.server.ranges.length, 1);
  const short = await prepare(context, [], content.subarray(0, 1000));
  await refuses(short.run, ['got 1,000 bytes', 'expected 300,000 of digits.mat as published']);
  assert.ok(!existsSync(short.path));
});

test('a server that brings nothing new is given up, and what is there is kept', async (context) => {
  const attempt = await prepare(context, [
    { kind: 'cut', afterBytes: 1000 },
    ...Array.from({ length: 3 }, (): Behaviour => ({ kind: 'status', status: 500 })),
  ]);
  await refuses(attempt.run, ['got HTTP 500 3 times in a row', 'try again later'], exitCodes.peerLost);
  assert.ok(readFileSync(`${attempt.path}.partial`).equals(content.subarray(0, 1000)));
  await attempt.run();
  assertWhole(attempt);
});

test('an unreachable server is given up with its reason', async (context) => {
  const attempt = await prepare(context, []);
  const nowhere = 'http://127.0.0.1:1/digits.mat';
  const settings = {
    clock: systemClock,
    stallMs: 300,
    firstRetryMs: 1,
    maxAttempts: 2,
    onProgress: () => {},
  };
  const run = (): Promise<unknown> =>
    download(nowhere, attempt.path, file, { ...settings, onRetry: () => {} });
  await refuses(run, [nowhere, '2 times in a row'], exitCodes.peerLost);
});

test('another file of the name, a folder, and a disk that refuses are told in one line', async (context) => {
  const attempt = await prepare(context, []);
  writeFileSync(attempt.path, 'mine');
  await refuses(attempt.run, [`${attempt.path}: got MD5`, 'move it away to download it']);
  const inFolder = await prepare(context, []);
  mkdirSync(`${inFolder.path}.partial`);
  await refuses(inFolder.run, ['EISDIR', 'cannot be written'], exitCodes.runFailed);
});
