import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLiveLine, layOut } from '../../../coordinator/screen/live.ts';

test('a line never reaches the last column, and gives up its bar before its text', () => {
  const text = 'epoch 3/20 - '.repeat(20);
  for (const columns of [20, 80, 99, 100, 200]) {
    assert.ok(layOut(text, 0.5, columns).length < columns);
    assert.equal(layOut(text, 0.5, columns).startsWith('[==========----------] '), columns >= 100);
  }
});

test('a share beyond the whole fills the bar and no more', () => {
  assert.equal(layOut('x', 1.2, 120), `[${'='.repeat(20)}] x`);
});

const escape = '\x1b';
const pieces = new RegExp(`${escape}\\[[?\\d;]*[A-Za-z]|${escape}[78]|[^]`, 'g');

/** What a terminal shows of what was written to it: carriage returns and cleared lines are obeyed. */
function screenOf(output: string): string[] {
  const lines = [''];
  for (const [part] of output.matchAll(pieces)) {
    if (part === '\n') lines.push('');
    else if (part === '\x1b[2K' || part === '\x1b[0J' || part === '\x1b[1G' || part === '\r')
      lines[lines.length - 1] = '';
    else if (!part.startsWith('\x1b')) lines[lines.length - 1] += part;
  }
  return lines;
}

test('printed lines stay above the live one, which goes without a trace', (context) => {
  let output = '';
  const live = createLiveLine(
    (text) => (output += text),
    () => 80,
  );
  context.after(() => live.clear());
  live.print('first\n');
  live.show('epoch 1', 1, 10);
  live.print('rank 1 joined\n');
  assert.deepEqual(screenOf(output), ['first', 'rank 1 joined', 'epoch 1']);
  live.clear();
  live.print('done\n');
  assert.deepEqual(screenOf(output), ['first', 'rank 1 joined', 'done', '']);
  assert.ok(output.lastIndexOf('\x1b[?25h') > output.lastIndexOf('\x1b[?25l'), 'the cursor is back');
});
