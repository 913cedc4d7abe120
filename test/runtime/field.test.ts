/** Fields as people see them: names, what is accepted, and what a text means. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configFieldNames } from '../../shared/runtime/config.ts';
import {
  camelCase,
  flagName,
  kebabCase,
  parseFieldText,
  variableName,
  viewOf,
} from '../../shared/runtime/field.ts';

test('a field has one name of each kind, and gets its own back', () => {
  for (const field of configFieldNames) assert.equal(camelCase(kebabCase(field)), field);
  assert.deepEqual(
    [flagName('microBatchSize'), variableName('microBatchSize')],
    ['--micro-batch-size', 'LOCKSTEP_MICRO_BATCH_SIZE'],
  );
});

test('numbers are read whole or not at all', () => {
  const read = (text: string): unknown => parseFieldText('learningRate', text);
  assert.deepEqual(['1', '-2.5', '.5', '1e-3', '+3.'].map(read), [1, -2.5, 0.5, 1e-3, 3]);
  for (const text of ['', ' ', 'abc', '1x', '0x10', 'Infinity', 'NaN', '1,5']) assert.equal(read(text), text);
});

test('none is nothing only where a field may be nothing', () => {
  assert.equal(parseFieldText('components', 'none'), null);
  assert.equal(parseFieldText('stopOn', 'none'), 'none');
  assert.equal(parseFieldText('batchSize', 'none'), 'none');
});

test('every field says what it expects and what it is', () => {
  for (const field of configFieldNames) {
    const { expected, description } = viewOf(field);
    assert.ok(expected.length > 3 && description.length > 3, field);
  }
  assert.equal(viewOf('components').expected, 'a positive integer, or none');
  assert.equal(viewOf('dropout').expected, 'a number of at least 0 and below 1');
});
