import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTraceFile } from '../../../coordinator/run/trace-file.ts';
import { requiresFile } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const noProblem = (message: string): void => assert.fail(message);

test('text comes into the file at a flush, or when a block is full, and in its order', () => {
  const path = join(temporaryFolder(), 'trace.json');
  const file = openTraceFile(path, noProblem);
  file.write('a');
  assert.equal(readFileSync(path, 'utf8'), '');
  file.flush();
  assert.equal(readFileSync(path, 'utf8'), 'a');
  const block = 'b'.repeat(64 * 1024);
  file.write(block);
  assert.equal(readFileSync(path, 'utf8'), `a${block}`);
  file.write('ü');
  file.close();
  assert.equal(readFileSync(path, 'utf8'), `a${block}ü`);
  file.write('more');
  file.close();
  assert.equal(readFileSync(path, 'utf8'), `a${block}ü`);
});

test('a file that is there is replaced, and one that cannot be made is refused in one line', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'trace.json');
  for (const text of ['longer than the next', 'short']) {
    const file = openTraceFile(path, noProblem);
    file.write(text);
    file.close();
  }
  assert.equal(readFileSync(path, 'utf8'), 'short');
  assert.throws(() => openTraceFile(join(folder, 'none', 'trace.json'), noProblem), {
    name: 'LockstepError',
    exitCode: 1,
    message: /^--trace .*none\/trace\.json cannot be written \(ENOENT\)/,
  });
});

test('a full disk ends the trace, says so once, and nothing else', (context) => {
  const full = '/dev/full';
  if (!requiresFile(full, 'Linux', context)) return;
  const problems: string[] = [];
  const file = openTraceFile(full, (message) => problems.push(message));
  file.write('a');
  file.flush();
  file.write('b');
  file.flush();
  file.close();
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /the trace ends here, and the run goes on: \/dev\/full .*ENOSPC/);
});
