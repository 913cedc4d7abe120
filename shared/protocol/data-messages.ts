/**
 * What is said of a run's data, and how rows come to a worker that cannot see it.
 *
 *   worker                         coordinator
 *                    <-  welcome                  what each data set is, and where the coordinator reads it
 *   ready            ->                           whether the worker reads it, too, or a copy, or neither
 *   rows             ->                           which rows it needs; at most `rowWindow` requests at a time
 *                    <-  ARRAY frame              one for each request: uint8, the rows, and behind them their labels
 *   received         ->                           the next request may be made
 *
 * The answer's frame is of the array `rows`, its version is the request's number, its chunk says which rows they are.
 * A worker asks for the rows of the micro-batches in hand, or, to keep a copy, for all rows in order: one way for both.
 */
import { z } from 'zod';

const count = z.int().min(0).max(0xffffffff);
const text = z.string().max(2048);

export const dataSets = ['training', 'test'] as const; // held-out rows are of the training set
export type DataSetName = (typeof dataSets)[number];

/** What a worker has to know of a data set that it does not see. */
export const dataDescriptionSchema = z.strictObject({
  path: text, // of the row cache, as the coordinator calls it
  name: text, // for people
  hash: text,
  shape: z.strictObject({ height: count, width: count, channels: count }),
  rowCount: count,
  labelled: z.boolean(),
  classCount: count,
});
export type DataDescription = z.infer<typeof dataDescriptionSchema>;

/** Where a worker's rows come from: the coordinator's own file, a copy, or the coordinator. */
export const rowPlaces = ['own', 'copied', 'streamed'] as const;
export type RowPlace = (typeof rowPlaces)[number];

export const rowSourceSchema = z.strictObject({
  place: z.enum(rowPlaces),
  reason: text, // why it is not the coordinator's file, in words
});
export type RowSource = z.infer<typeof rowSourceSchema>;

export const maxRowsAsked = 1024; // at once: what a control message holds
export const rowWindow = 4; // requests of one worker that are not answered and received yet

/** A worker asks for rows. */
export const rowsMessageSchema = z.strictObject({
  type: z.literal('rows'),
  request: count, // counted up
  of: z.enum(dataSets),
  rows: z.array(count).min(1).max(maxRowsAsked),
});
export type RowsMessage = z.infer<typeof rowsMessageSchema>;
