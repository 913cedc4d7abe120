/**
 * Rows that are sent, as they come: what is wanted, in the order in which it is needed, is asked for ahead of its
 * use, and kept until it is taken.
 *
 * What is wanted (the rows of a micro-batch, a stretch of a copy) is asked for in requests of one frame each. Memory
 * is bounded: of the wanted, only so many from the first one on are asked for and kept as `heldBytes` lets in, the
 * first one always; and at most `rowWindow` requests are under way. Taking the first lets the next ones in.
 */
import { ProtocolError } from '../shared/errors.ts';
import { rowLength, type Batch, type ImageShape } from '../shared/data/dataset.ts';
import { rowWindow, type DataSetName, type RowsMessage } from '../shared/protocol/data-messages.ts';
import type { ExpectedValues } from '../shared/protocol/frame.ts';
import { bytesPerRow, rowsDigest, rowsPerFrame } from '../shared/protocol/row-frames.ts';

export interface WantedRows {
  readonly key: string;
  readonly of: DataSetName;
  readonly shape: ImageShape;
  readonly labelled: boolean;
  readonly count: number; // of rows, at least 1
  /** Asked for once it is their turn. */
  readonly indices: () => Uint32Array; // [count]
}

export interface RowStore {
  /** From now on these are wanted, and nothing else; what is here of them already stays. */
  want(wanted: readonly WantedRows[]): RowsMessage[];
  /** Whether they are wanted: on their way, or here. */
  knows(key: string): boolean;
  /** The rows, if all are here. */
  find(key: string): Batch | null;
  /** They were taken, and are wanted no more. */
  taken(key: string): RowsMessage[];
  /** What a frame must hold. @throws ProtocolError (`unasked`) */
  expect(request: number, digest: number): ExpectedValues | null; // null: an answer that nobody waits for (any more)
  /** Takes what was expected. The values are copied. @param digest of which rows they are */
  take(request: number, digest: number, values: Uint8Array): RowsMessage[];
  /** The connection is gone: nothing that was asked for comes any more, and nothing is asked for. */
  interrupt(): void;
  /** It is there, at first or again: what is wanted is asked for anew. */
  resume(): RowsMessage[];
}

interface Entry {
  readonly wanted: WantedRows;
  indices: Uint32Array | null; // from its first request on
  rows: Uint8Array;
  labels: Uint8Array | null;
  asked: number; // rows
  here: number; // rows
}

interface Request {
  readonly entry: Entry;
  readonly first: number; // of the entry's rows
  readonly count: number;
  readonly digest: number; // of which rows they are
}

/** @param heldBytes of rows kept or under way; the first wanted ones may be more */
export function createRowStore(heldBytes: number): RowStore {
  let entries = new Map<string, Entry>(); // in the order of need
  const underWay = new Map<number, Request>();
  let requestCount = 0; // counted on from connection to connection
  let isConnected = false;

  function* admitted(): Generator<Entry> {
    let heldBefore = 0;
    for (const entry of entries.values()) {
      const bytes = entry.wanted.count * bytesPerRow(entry.wanted);
      if (heldBefore > 0 && heldBefore + bytes > heldBytes) return;
      heldBefore += bytes;
      yield entry;
    }
  }

  function ask(): RowsMessage[] {
    const messages: RowsMessage[] = [];
    if (!isConnected) return messages;
    for (const entry of admitted())
      while (entry.asked < entry.wanted.count) {
        if (underWay.size >= rowWindow) return messages;
        messages.push(askOf(entry));
      }
    return messages;
  }

  function askOf(entry: Entry): RowsMessage {
    const { wanted, asked: first } = entry;
    if (entry.indices === null) begin(entry);
    const count = Math.min(rowsPerFrame(wanted), wanted.count - first);
    entry.asked += count;
    const request = ++requestCount;
    const rows = [...entry.indices!.subarray(first, first + count)];
    underWay.set(request, { entry, first, count, digest: rowsDigest(wanted.of, rows) });
    return { type: 'rows', request, of: wanted.of, rows };
  }

  function begin(entry: Entry): void {
    const { count, shape, labelled, indices } = entry.wanted;
    entry.indices = indices();
    entry.rows = new Uint8Array(count * rowLength(shape));
    entry.labels = labelled ? new Uint8Array(count) : null;
  }

  return {
    want(wanted) {
      const before = entries;
      entries = new Map(wanted.map((each) => [each.key, before.get(each.key) ?? entryOf(each)]));
      const kept = new Set(admitted());
      for (const [key, entry] of entries) if (!kept.has(entry)) entries.set(key, entryOf(entry.wanted));
      return ask();
    },

    knows: (key) => entries.has(key),

    find(key) {
      const entry = entries.get(key);
      if (entry === undefined || entry.here < entry.wanted.count) return null;
      return { rows: entry.rows, labels: entry.labels, rowCount: entry.wanted.count };
    },

    taken(key) {
      entries.delete(key);
      return ask();
    },

    expect(request, digest) {
      const asked = underWay.get(request);
      if (asked?.digest === digest)
        return { dtype: 'uint8', count: asked.count * bytesPerRow(asked.entry.wanted) };
      if (request > requestCount) throw new ProtocolError('unasked', `sent rows of request ${request}`);
      return null;
    },

    take(request, digest, values) {
      const asked = underWay.get(request);
      if (asked?.digest !== digest) return [];
      underWay.delete(request);
      const { entry, first, count } = asked;
      if (entries.get(entry.wanted.key) !== entry) return ask();
      const width = rowLength(entry.wanted.shape);
      entry.rows.set(values.subarray(0, count * width), first * width);
      entry.labels?.set(values.subarray(count * width), first);
      entry.here += count;
      return ask();
    },

    interrupt() {
      isConnected = false;
      underWay.clear();
      entries = new Map([...entries].map(([key, { wanted }]) => [key, entryOf(wanted)]));
    },

    resume() {
      isConnected = true;
      return ask();
    },
  };
}

const entryOf = (wanted: WantedRows): Entry => ({
  wanted,
  indices: null,
  rows: new Uint8Array(0),
  labels: null,
  asked: 0,
  here: 0,
});
