/** Every message that docs/troubleshooting.md explains is one that the code really says. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '../../..');
const gap = '…'; // a name or a number, in the guide as here

test('each message of the guide is in the code', () => {
  const guide = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8');
  const messages = [...guide.matchAll(/^```\n(.*)\n```$/gm)].map(([, message]) => message!);
  assert.ok(messages.length > 30, `${messages.length} messages`);
  const sources = ['shared', 'coordinator', 'worker', 'deploy'].flatMap(readTexts);
  const missing = messages.filter((message) => {
    const pattern = patternOf(message);
    return !sources.some((text) => pattern.test(text));
  });
  assert.deepEqual(missing, []);
});

test('another message is not found', () => {
  const text = plainTextOf("throw usageError(`--port ${port} is ` + 'taken: stop its owner');");
  assert.match(text, patternOf('--port … is taken: stop its owner'));
  assert.doesNotMatch(text, patternOf('--port … is taken: stop its master'));
  assert.doesNotMatch(text, patternOf('--port … was taken: stop its owner'));
});

/** Gaps may hold anything short of the end of a statement. */
const patternOf = (message: string): RegExp =>
  new RegExp(
    message
      .split(gap)
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^;]{0,120}?'),
  );

function readTexts(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs)$/.test(name))
    .map((name) => plainTextOf(readFileSync(join(root, folder, name), 'utf8')));
}

/** Source as its messages read: pieces joined, escapes undone, and a gap for each value in a template. */
function plainTextOf(source: string): string {
  let text = source.replaceAll(/(['"`])\s*\+\s*['"`]/g, '').replaceAll(/\\(['"`])/g, '$1');
  for (let before = ''; before !== text;) {
    before = text;
    text = text.replaceAll(/\$\{[^{}]*\}/g, gap);
  }
  return text;
}
