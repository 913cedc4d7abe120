/** What a worker is made of once it knows the run: the device with the model on it, and where its rows come from. */
import type { Batch } from '../shared/data/dataset.ts';
import type { Compute } from '../shared/model/compute.ts';
import type { ModelDescription, WorkerMessage } from '../shared/protocol/messages.ts';
import type { Workload } from '../shared/runtime/workload.ts';
import { describeSource, type RunRows } from './data.ts';
import type { WantedRows } from './row-store.ts';

export interface Equipment {
  readonly compute: Compute;
  readonly model: ModelDescription;
  readonly workload: Workload;
  readonly data: RunRows;
  readonly seed: number;
}

/**
 * Has rows sent, one after another as they are wanted, before the model is built.
 * @returns false when they are of no use any more
 */
export type FetchRows = (wanted: readonly WantedRows[], use: (batch: Batch) => void) => Promise<boolean>;

export const readyMessage = ({ data, model }: Equipment): Extract<WorkerMessage, { type: 'ready' }> => ({
  type: 'ready',
  model,
  dataHash: data.training.about.hash,
  testDataHash: data.test?.about.hash ?? null,
  rows: describeSource(data),
});
