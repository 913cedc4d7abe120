import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toldToo } from '../../../coordinator/serving/watchers.ts';
import type { Screen } from '../../../coordinator/screen.ts';

test('whoever watches is told what the screen is told, after it; the end is for the screen alone', () => {
  const told: string[] = [];
  const names = ['started', 'notice', 'modelKnown', 'basisKnown', 'stepDone', 'evaluated', 'checkpointed'];
  const all = [...names, 'busy', 'problem', 'finished', 'close'];
  const listener = (who: string) =>
    Object.fromEntries(all.map((name) => [name, () => told.push(`${who} ${name}`)])) as unknown as Screen;
  const screen = toldToo(listener('screen'), [{ busy: () => told.push('partial busy') }, listener('other')]);
  screen.busy('painting');
  assert.deepEqual(told.splice(0), ['screen busy', 'partial busy', 'other busy']);
  for (const name of all) (screen as unknown as Record<string, () => void>)[name]!();
  for (const name of [...names, 'problem']) assert.ok(told.includes(`other ${name}`), name);
  assert.ok(!told.includes('other finished') && !told.includes('other close'));
});
