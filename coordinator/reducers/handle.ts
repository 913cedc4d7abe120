/**
 * A reducer as its coordinator holds it, in the same process (inner.ts) or in another (outer.ts).
 *
 * What it is told gives effects at once; what comes of it is heard as news: in the middle of the call where the
 * reducer is inner, later where it is not. Whoever holds one must not care which.
 */
import type { AdamScalars } from '../../shared/math/kernels.ts';
import type { TreeNode } from '../../shared/math/tree.ts';
import type { PeerId } from '../../shared/transport/transport.ts';
import type { Effect } from '../effects.ts';
import type { Report, StepSum } from '../reducer.ts';
import type { StatePart, TakeState } from '../requests.ts';
import type { Assignment } from '../sum.ts';

export type News =
  | { readonly type: 'delivered'; readonly node: TreeNode } // all its chunks of the open sum are here
  | { readonly type: 'report'; readonly report: Report } // the open sum is complete
  | { readonly type: 'done' }; // of load or read

export interface ReducerHandle {
  readonly chunks: { readonly first: number; readonly end: number };
  /** Has all parts of its range filled, and keeps them. */
  load(fill: (part: StatePart) => void): Effect[];
  /** Hands over all of its range, part by part. */
  read(take: TakeState): Effect[];
  /** Sends the parameters as they are, under this version, to all workers that are attached. */
  publish(version: number): Effect[];
  begin(sum: StepSum, assignments: readonly Assignment[]): Effect[];
  reassign(node: TreeNode, worker: PeerId): Effect[];
  /** Adam over the whole range, and its parameters to all workers that are attached. */
  commit(version: number, scalars: AdamScalars): Effect[];
  attach(worker: PeerId): Effect[];
  detach(worker: PeerId): Effect[];
}
