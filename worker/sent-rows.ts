/**
 * The part of a worker's machine that is about rows which are sent to it: what it asks for, and when.
 *
 * While a copy of the data is made, it wants what the copy says. Once the model is built it wants what its tasks say:
 * each replaces what was wanted before, and is asked for as soon as the task is told, so that rows come while
 * arrays do, or while another leaf is computed. Behind them come those of the next step, so that it waits for none.
 */
import type { TreeNode } from '../shared/math/tree.ts';
import type { RowsMessage } from '../shared/protocol/data-messages.ts';
import type { ExpectedValues } from '../shared/protocol/frame.ts';
import type { TaskMessage, WorkerEffect } from './events.ts';
import { rowsOfNextStep, rowsOfTask, type RowPlan } from './leaf-rows.ts';
import { createRowStore, type RowStore, type WantedRows } from './row-store.ts';

export interface SentRows extends Pick<RowStore, 'knows' | 'find'> {
  /** As the store's. @throws ProtocolError (`unasked`) */
  expect(header: { readonly version: number; readonly chunk: number }): ExpectedValues | null;
  /** The coordinator answers from now on. */
  welcomed(): WorkerEffect[];
  lost(): void;
  /** Another run is to be built: what is wanted is of no use. */
  forget(): void;
  built(plan: RowPlan): void;
  /** A task, with all nodes of it that this worker was dealt. @param isNew unlike the last one */
  task(task: TaskMessage, nodes: readonly TreeNode[], isNew: boolean): WorkerEffect[];
  /** A copy wants them. */
  want(wanted: readonly WantedRows[]): WorkerEffect[];
  /** They were handed to the device, or to the copy. */
  taken(key: string): WorkerEffect[];
  arrived(request: number, digest: number, values: Uint8Array): WorkerEffect[];
}

const heldBytes = 1 << 26; // for this step and the next one

export function createSentRows(): SentRows {
  const store = createRowStore(heldBytes);
  let plan: RowPlan | null = null;
  let takenKeys = new Set<string>(); // of leaves of this task
  let upcoming: readonly WantedRows[] = []; // of the next step; kept while an evaluation comes between
  const ask = (messages: readonly RowsMessage[]): WorkerEffect[] =>
    messages.map((message) => ({ type: 'send', to: 0, message }));

  return {
    knows: (key) => store.knows(key),
    find: (key) => store.find(key),
    expect: ({ version, chunk }) => store.expect(version, chunk),

    welcomed: () => ask(store.resume()),
    lost() {
      store.interrupt();
      upcoming = [];
      if (plan !== null) store.want([]);
    },
    forget() {
      [plan, upcoming] = [null, []];
      store.want([]);
    },
    built: (made) => void (plan = made),

    task({ spec }, nodes, isNew) {
      if (plan === null) return [];
      if (isNew) takenKeys = new Set();
      const wanted = rowsOfTask(plan, spec, nodes).filter(({ key }) => !takenKeys.has(key));
      upcoming = rowsOfNextStep(plan, spec, nodes) ?? upcoming;
      return ask(store.want([...wanted, ...upcoming]));
    },
    want: (wanted) => ask(store.want(wanted)),
    taken(key) {
      takenKeys.add(key);
      return ask(store.taken(key));
    },
    arrived: (request, digest, values) => ask(store.take(request, digest, values)),
  };
}
