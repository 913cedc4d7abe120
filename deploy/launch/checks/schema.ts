/** What a box can be asked before anything is started, and what it answers. */
import { z } from 'zod';
import { runtimeNames } from '../../../shared/model/runtime.ts';

export const checkSchema = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('disk'), folder: z.string() }),
  z.strictObject({ what: z.literal('devices') }),
  z.strictObject({ what: z.literal('sees'), path: z.string() }),
  /** Opens the port for others to reach, until `close`; null: the first free one from 5770. */
  z.strictObject({ what: z.literal('open'), host: z.string(), port: z.int().nullable() }),
  z.strictObject({ what: z.literal('close') }),
  z.strictObject({ what: z.literal('reach'), host: z.string(), port: z.int(), nonce: z.string() }),
  z.strictObject({
    what: z.literal('data'),
    paths: z.array(z.string()),
    syntheticRows: z.int(),
    syntheticSeed: z.int(),
    /** Rows that were made already, which may be seen from here too. */
    rows: z.strictObject({ path: z.string(), hash: z.string() }).nullable(),
    dataDir: z.string().nullable(), // of copies; null: the cache folder
  }),
  z.strictObject({
    what: z.literal('gradient'),
    runtime: z.enum(runtimeNames),
    threads: z.int().nullable(),
    precision: z.enum(['tf32', 'float32']),
    allowCpu: z.boolean(),
    environment: z.record(z.string(), z.string()),
  }),
]);
export type Check = z.infer<typeof checkSchema>;

const fingerprint = z.object({
  backend: z.string(),
  version: z.string(),
  device: z.string(),
  threads: z.number(),
  precision: z.string(),
});

export const answers = {
  disk: z.object({ freeBytes: z.number() }),
  devices: z.array(
    z.object({ index: z.string(), usedBytes: z.number(), totalBytes: z.number(), pids: z.array(z.number()) }),
  ),
  sees: z.null(),
  open: z.object({ host: z.string(), port: z.number() }),
  close: z.null(),
  reach: z.object({ ms: z.number() }),
  data: z.object({
    path: z.string(),
    hash: z.string(),
    rowCount: z.number(),
    place: z.enum(['own', 'copied', 'streamed']),
  }),
  gradient: z.object({ digest: z.string(), fingerprint }),
} as const satisfies Record<Check['what'], z.ZodType>;

export type Answer<W extends Check['what']> = z.infer<(typeof answers)[W]>;
