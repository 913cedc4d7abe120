/**
 * What happens to a worker's machine, and what it asks of its shell, which carries it out in order. Link 0 is the
 * coordinator's, link i the i-th reducer's.
 */
import type { TreeNode } from '../shared/math/tree.ts';
import type { ArrayKind, CoordinatorMessage, DataFrame, WorkerMessage } from '../shared/protocol/messages.ts';
import type { RowPlan } from './leaf-rows.ts';
import type { NodeResult } from './node.ts';
import type { WantedRows } from './row-store.ts';

export type Welcome = Extract<CoordinatorMessage, { type: 'welcome' }>;
export type TaskMessage = Extract<CoordinatorMessage, { type: 'task' }>;

export type WorkerEvent =
  | { readonly type: 'connected'; readonly link: number }
  | { readonly type: 'lost' } // all of them
  | { readonly type: 'message'; readonly link: number; readonly message: CoordinatorMessage }
  | { readonly type: 'frame'; readonly link: number; readonly frame: DataFrame }
  | {
      readonly type: 'built';
      readonly welcome: Welcome;
      readonly ready: Extract<WorkerMessage, { type: 'ready' }>;
      readonly plan: RowPlan;
    }
  | { readonly type: 'wanted'; readonly rows: readonly WantedRows[] } // while it is being built: for a copy
  | { readonly type: 'taken'; readonly key: string } // rows, from the store
  | { readonly type: 'installed'; readonly values: Float32Array | Float64Array } // copied: may be overwritten
  | {
      readonly type: 'computed';
      readonly task: TaskMessage;
      readonly node: TreeNode;
      readonly result: NodeResult;
    };

export type WorkerEffect =
  | { readonly type: 'connect'; readonly endpoints: readonly string[] } // of reducers: links 1, 2, ...
  | { readonly type: 'send'; readonly to: number; readonly message: WorkerMessage }
  | { readonly type: 'sendFrame'; readonly to: number; readonly frame: DataFrame }
  | { readonly type: 'build'; readonly welcome: Welcome }
  | { readonly type: 'install'; readonly array: ArrayKind; readonly values: Float32Array | Float64Array } // carried out in order
  | { readonly type: 'compute'; readonly task: TaskMessage; readonly node: TreeNode } // with these
  | { readonly type: 'exit'; readonly code: number; readonly reason: string };

/** Whatever differs from one connection to the next is no other run. */
export const sameRun = (a: Welcome, b: Welcome): boolean => {
  const run = ({ rank: _rank, reducers: _reducers, ...rest }: Welcome): string => JSON.stringify(rest);
  return run(a) === run(b);
};
