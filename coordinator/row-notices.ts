/** What people are told of a worker that does not read the coordinator's file of rows. */
import { createLayout } from '../shared/math/layout.ts';
import type { DataDescription, RowSource } from '../shared/protocol/data-messages.ts';
import type { ModelDescription } from '../shared/protocol/messages.ts';
import { bytesPerRow } from '../shared/protocol/row-frames.ts';
import type { Effect } from './effects.ts';

interface RunSizes {
  readonly batchSize: number; // B
  readonly data: DataDescription;
  readonly model: ModelDescription;
  readonly workerCount: number; // W
}

/** @returns none where it reads that file */
export function rowNotices(
  { rank, host }: { readonly rank: number; readonly host: string },
  { place, reason }: RowSource,
  sizes: RunSizes,
): Effect[] {
  if (place === 'own') return [];
  return [{ type: 'notice', notice: { kind: 'data', rank, host, place, reason, share: shareOfRows(sizes) } }];
}

/** Of a step, for one of W workers: its rows, beside a gradient up and parameters down, both float32. */
function shareOfRows({ batchSize, data, model, workerCount }: RunSizes): number {
  const rows = (batchSize / workerCount) * bytesPerRow(data);
  return rows / (rows + 2 * 4 * createLayout(model.parameters).parameterCount);
}
