/** What a worker knows of data that it does not see. */
import type { DataDescription } from '../../shared/protocol/data-messages.ts';
import type { RunRows } from '../../worker/data.ts';

export const streamedRows = (about: DataDescription): RunRows => ({
  training: { about, own: null, place: 'streamed', reason: 'cannot see the data' },
  test: null,
});
