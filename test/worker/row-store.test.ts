import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxRowsAsked, rowWindow, type RowsMessage } from '../../shared/protocol/data-messages.ts';
import { packRows, rowsDigest } from '../../shared/protocol/row-frames.ts';
import { createRowStore, type WantedRows } from '../../worker/row-store.ts';
import { memoryDataset } from '../support/fake-models.ts';

const shape = { height: 2, width: 2, channels: 1 };
const dataset = memoryDataset(shape, 10_000, 3, 5);

const wantedOf = (key: string, first: number, count: number): WantedRows => ({
  key,
  of: 'training',
  shape,
  labelled: true,
  count,
  indices: () => Uint32Array.from({ length: count }, (_, i) => first + 3 * i),
});

const digestOf = ({ of, rows }: RowsMessage): number => rowsDigest(of, rows);

/** A store, connected, and somebody who answers what it asks for. */
function createSubject(heldBytes = 1e6) {
  const store = createRowStore(heldBytes);
  store.resume();
  return {
    store,
    answer: (message: RowsMessage) =>
      store.take(message.request, digestOf(message), packRows(dataset, message.rows)),
  };
}

test('rows come as they were asked for, labels and all, however many frames they take and in whatever order', () => {
  const { store, answer } = createSubject();
  const count = 2 * maxRowsAsked + 7;
  const asked = store.want([wantedOf('a', 5, count)]);
  assert.deepEqual(
    asked.map(({ rows }) => rows.length),
    [maxRowsAsked, maxRowsAsked, 7],
  );
  for (const message of asked.reverse()) {
    assert.equal(store.find('a'), null);
    answer(message);
  }
  const batch = store.find('a')!;
  const indices = Array.from({ length: count }, (_, i) => 5 + 3 * i);
  const expected = new Uint8Array(4 * count);
  dataset.readRows(Uint32Array.from(indices), expected);
  assert.deepEqual(batch.rows, expected);
  assert.deepEqual(
    batch.labels,
    Uint8Array.from(indices, (row) => dataset.labels![row]!),
  );
});

test('no more requests are under way than the window, and no more rows are kept than there is room for', () => {
  const { store, answer } = createSubject(100); // five bytes a row: twenty rows
  const wanted = Array.from({ length: 30 }, (_, index) => wantedOf(`leaf ${index}`, index, 4));
  let underWay = store.want(wanted);
  assert.equal(underWay.length, rowWindow);
  while (underWay.length > 0) underWay = underWay.flatMap((message) => answer(message));
  const here = (): number => wanted.filter(({ key }) => store.find(key) !== null).length;
  assert.equal(here(), 5);
  const more = store.taken('leaf 0');
  assert.equal(more.length, 1, 'what is taken makes room');
  more.forEach(answer);
  assert.equal(here(), 5);
});

test('what is larger than the room is asked for all the same, when it is first', () => {
  const { store, answer } = createSubject(1);
  const asked = store.want([wantedOf('a', 0, 4), wantedOf('b', 0, 4)]);
  assert.equal(asked.length, 1);
  answer(asked[0]!);
  assert.equal(store.taken('a').length, 1);
});

test('of what was wanted before, what still is stays, and the rest is forgotten and asked for anew', () => {
  const { store, answer } = createSubject();
  const [a, b] = store.want([wantedOf('a', 0, 4), wantedOf('b', 50, 4)]);
  answer(a!);
  assert.equal(store.want([wantedOf('a', 0, 4), wantedOf('c', 90, 4)]).length, 1, 'only what is new');
  assert.notEqual(store.find('a'), null);
  assert.equal(store.knows('b'), false);
  answer(b!);
  assert.equal(store.find('b'), null, 'rows that nobody wants any more');
  const [again] = store.want([wantedOf('b', 50, 4)]);
  answer(again!);
  assert.notEqual(store.find('b'), null);
});

test('a lost connection forgets what was on its way, and the next one has it asked for by new numbers', () => {
  const { store, answer } = createSubject();
  const [lost] = store.want([wantedOf('a', 0, 4)]);
  store.interrupt();
  assert.deepEqual(store.want([wantedOf('a', 0, 4), wantedOf('b', 9, 4)]), [], 'there is nobody to ask');
  const [a, b] = store.resume();
  assert.ok(a!.request > lost!.request);
  assert.equal(store.expect(lost!.request, digestOf(lost!)), null);
  answer(lost!);
  assert.equal(store.find('a'), null, 'an answer on the old one counts for nothing');
  [a!, b!].forEach(answer);
  assert.notEqual(store.find('b'), null);
});

test('what nobody asked for is an offence; a frame holds exactly what was asked for', () => {
  const { store } = createSubject();
  const [asked] = store.want([wantedOf('a', 0, 4)]);
  assert.deepEqual(store.expect(asked!.request, digestOf(asked!)), { dtype: 'uint8', count: 4 * 5 });
  assert.throws(() => store.expect(asked!.request + 1, digestOf(asked!)), { kind: 'unasked' });
});

test('rows that another worker asked for by the same number are not taken for these', () => {
  const { store, answer } = createSubject();
  const [asked] = store.want([wantedOf('a', 0, 4)]);
  const other = { ...asked!, rows: asked!.rows.map((row) => row + 1) };
  assert.equal(store.expect(other.request, digestOf(other)), null);
  answer(other);
  assert.equal(store.find('a'), null);
  answer(asked!);
  assert.notEqual(store.find('a'), null);
});
