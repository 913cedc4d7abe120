/**
 * Sends rows to workers that do not see the data: one frame for each request, in the order of the requests.
 *
 *   rows (request) -> waiting -> under way -> received
 *
 * Memory does not grow with the number of workers: of all of them together at most `budget` frames are under way, of
 * one at most `rowWindow`, and a request waits as a list of rows until its turn. What a worker must not ask (rows
 * that are not there, more than a frame holds, more than the window lets in) ends its connection. One that takes
 * rows and never says so is sent away, since it would keep others waiting.
 */
import { ProtocolError } from '../shared/errors.ts';
import {
  rowWindow,
  type DataDescription,
  type DataSetName,
  type RowsMessage,
} from '../shared/protocol/data-messages.ts';
import { bytesPerRow, rowsPerFrame } from '../shared/protocol/row-frames.ts';
import type { PeerId } from '../shared/transport/transport.ts';
import { counted, type Effect } from './effects.ts';

export interface RowDeskOptions {
  readonly data: DataDescription;
  readonly testData: DataDescription | null;
  readonly budget?: number; // frames under way, to all workers together: 64 MiB by default
  readonly nowMs: () => number;
}

export interface RowDesk {
  /** @throws ProtocolError (`bounds`, `flood`) */
  ask(peer: PeerId, message: RowsMessage): Effect[];
  received(peer: PeerId, request: number): Effect[];
  lose(peer: PeerId): Effect[];
  /** Sends those away who have not said for too long that rows arrived. */
  tick(): Effect[];
}

interface Customer {
  last: number; // request; they are counted up
  readonly waiting: RowsMessage[];
  readonly underWay: Set<number>; // requests
  heardMs: number; // when it last received rows, or was first owed any
}

const patienceMs = 60_000; // for 16 MiB on the slowest of links

export function createRowDesk({ data, testData, budget = 16, nowMs }: RowDeskOptions): RowDesk {
  const customers = new Map<PeerId, Customer>();
  const sets: Record<DataSetName, DataDescription | null> = { training: data, test: testData };
  let underWayCount = 0;

  function check({ of, rows }: RowsMessage): DataDescription {
    const set = sets[of];
    if (set === null) throw new ProtocolError('bounds', 'asked for rows of test data, and there are none');
    const most = rowsPerFrame(set);
    if (rows.length > most)
      throw new ProtocolError('bounds', `asked for ${rows.length} rows at once, expected at most ${most}`);
    const beyond = rows.find((row) => row >= set.rowCount);
    if (beyond !== undefined) throw new ProtocolError('bounds', `asked for row ${beyond} of ${set.rowCount}`);
    return set;
  }

  /** Sends what waits and the budget lets through: to each in turn, those first who have the least under way. */
  function serve(): Effect[] {
    const effects: Effect[] = [];
    while (underWayCount < budget) {
      const [next] = [...customers]
        .filter(([, { waiting }]) => waiting.length > 0)
        .sort(([, a], [, b]) => a.underWay.size - b.underWay.size);
      if (next === undefined) return effects;
      const [peer, customer] = next;
      const { request, of, rows } = customer.waiting.shift()!;
      if (customer.underWay.size === 0) customer.heardMs = nowMs();
      customer.underWay.add(request);
      underWayCount += 1;
      effects.push({ type: 'sendRows', peer, request, of, rows });
      const bytes = rows.length * bytesPerRow(sets[of]!);
      effects.push({ type: 'notice', notice: { kind: 'rows', peer, bytes } });
    }
    return effects;
  }

  return {
    ask(peer, message) {
      check(message);
      const fresh = { last: 0, waiting: [], underWay: new Set<number>(), heardMs: nowMs() };
      const customer: Customer = customers.get(peer) ?? fresh;
      customers.set(peer, customer);
      if (message.request <= customer.last) return [counted('duplicate', peer)];
      if (customer.waiting.length + customer.underWay.size >= rowWindow)
        throw new ProtocolError('flood', `asked for rows ${rowWindow + 1} times without receiving any`);
      customer.last = message.request;
      customer.waiting.push(message);
      return serve();
    },

    received(peer, request) {
      const customer = customers.get(peer);
      if (customer?.underWay.delete(request) !== true) return [];
      customer.heardMs = nowMs();
      underWayCount -= 1;
      return serve();
    },

    lose(peer) {
      underWayCount -= customers.get(peer)?.underWay.size ?? 0;
      return customers.delete(peer) ? serve() : [];
    },

    tick: () =>
      [...customers]
        .filter(([, { underWay, heardMs }]) => underWay.size > 0 && nowMs() - heardMs > patienceMs)
        .map(([peer]) => {
          const reason = `received no rows for ${patienceMs / 1000} s, though they were sent`;
          return { type: 'drop', peer, reason };
        }),
  };
}
