/** How the command fails: one line for people, the stack for our own bugs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFailure } from '../../../deploy/cli/failure.ts';
import { dataError } from '../../../shared/errors.ts';

test('a failure that people can mend is one line and its own exit code', () => {
  const { text, exitCode } = describeFailure(dataError('x.gz is cut short:\n  expected 10 bytes'));
  assert.deepEqual([text, exitCode], ['lockstep: x.gz is cut short: expected 10 bytes\n', 65]);
});

test('anything else is a bug, with its stack and its cause', () => {
  const { text, exitCode } = describeFailure(new TypeError('no such thing', { cause: new Error('deeper') }));
  assert.equal(exitCode, 1);
  assert.match(text, /TypeError: no such thing\n\s+at .*failure\.test/);
  assert.match(text, /caused by: Error: deeper/);
  assert.match(text, /this is a bug in lockstep/);
  assert.match(describeFailure('just text').text, /"just text"/);
});
