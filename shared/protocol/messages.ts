/**
 * Every message of the protocol, as data. Control messages travel as msgpack and are checked against these
 * schemas; arrays travel as raw frames (frame.ts) and never inside msgpack.
 *
 *   worker                         coordinator
 *   hello            ->
 *                    <-  welcome                  or refuse
 *   join             ->                           to each reducer that has a process of its own, if any
 *                    <-  joined
 *   ready            ->                           the worker built the model and knows where its rows are
 *   rows             ->                           where it cannot see the data (data-messages.ts)
 *                    <-  ARRAY frames
 *                    <-  array + ARRAY frames     basis, parameters, statistics
 *   received         ->                           one a frame: the sender's window
 *                    <-  task                     nodes of a summation tree to compute
 *                    <-  credit                   which chunks of which node to send
 *   node             ->                           a node is computed; its scalars
 *   SUM frames       ->
 *                    <-  task                     the next one: the last one's values may be overwritten
 *                    <-  finish                   or evict
 *
 * A reducer in a process of its own (reducer-messages.ts) speaks to workers as the coordinator does, of its chunks
 * of parameters and gradients alone: array, credit, and the frames of both.
 */
import { z } from 'zod';
import { wires } from '../math/node-values.ts';
import { dataDescriptionSchema, rowsMessageSchema, rowSourceSchema } from './data-messages.ts';

export const protocolVersion = 4;

const count = z.int().min(0).max(0xffffffff);
const text = z.string().max(2048);

export const arrayKinds = [
  'parameters',
  'basis',
  'statistics',
  'covariance',
  'rows',
  'firstMoment',
  'secondMoment',
] as const; // frames carry the index: new kinds go to the end
export type ArrayKind = (typeof arrayKinds)[number];

export const fingerprintSchema = z.strictObject({
  backend: text,
  version: text,
  device: text,
  threads: count,
  precision: text,
});

export const splits = ['training', 'heldOut', 'test'] as const;
export type Split = (typeof splits)[number];

export const initialiserSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('zeros') }),
  z.strictObject({ kind: z.literal('constant'), value: z.number() }),
  z.strictObject({ kind: z.literal('uniform'), limit: z.number() }),
  z.strictObject({ kind: z.literal('normal'), deviation: z.number() }),
]);

/** What the coordinator has to know of a model: it holds arrays, and never touches a tensor. */
export const modelDescriptionSchema = z.strictObject({
  name: text,
  parameters: z
    .array(
      z.strictObject({
        name: text,
        shape: z.array(count).max(8),
        initialiser: initialiserSchema,
        l2: z.number().optional(),
        frozen: z.boolean().optional(),
      }),
    )
    .max(4096),
  statistics: z.array(z.strictObject({ name: text, size: count })).max(4096), // batch-norm layers
  termNames: z.array(text).max(64), // `loss` first
  generative: z.boolean(), // whether it can make pictures
});
export type ModelDescription = z.infer<typeof modelDescriptionSchema>;

const drawSchema = z.strictObject({
  seed: count,
  purpose: z.enum(['training', 'statistics', 'evaluation', 'pictures']),
  step: count,
  microBatch: count,
});

const renderSchema = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('samples'), count, draw: drawSchema }),
  z.strictObject({ what: z.literal('reconstructions'), draw: drawSchema }),
  z.strictObject({
    what: z.literal('posterior'),
    draws: count,
    output: z.enum(['mean', 'draw']),
    draw: drawSchema,
  }),
  z.strictObject({ what: z.literal('interpolation'), steps: count, draw: drawSchema }),
  z.strictObject({ what: z.literal('roundTrip'), components: count, clip: z.boolean() }),
  z.strictObject({ what: z.literal('variance'), draw: drawSchema }),
]);

const settingsSchema = z.strictObject({ klWeight: z.number() });

/** What is computed for each leaf of a task's tree; which rows a leaf covers is a pure function of this. */
export const taskSpecSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('gradient'),
    step: count,
    settings: settingsSchema,
    wire: z.enum(wires), // what nodes below the root are
  }),
  z.strictObject({ kind: z.literal('statistics') }),
  z.strictObject({
    kind: z.literal('evaluate'),
    split: z.enum(splits),
    rowCount: count,
    settings: settingsSchema,
  }),
  z.strictObject({ kind: z.literal('covariance') }),
  z.strictObject({ kind: z.literal('basis'), rowCount: count, componentCount: count, whiten: z.boolean() }),
  z.strictObject({
    kind: z.literal('render'),
    request: renderSchema,
    split: z.enum(splits),
    rows: z.array(count).max(1024),
  }),
]);
export type TaskSpec = z.infer<typeof taskSpecSchema>;
export type TaskKind = TaskSpec['kind'];

const nodeFields = { first: count, end: count };

export const workerMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('hello'),
    protocol: count,
    version: text, // of the package
    host: text,
    pid: count,
    rank: count.optional(), // that the worker would like to have
    run: text.optional(), // the only one that the worker is for, where there is such a one
    fingerprint: fingerprintSchema,
  }),
  z.strictObject({ type: z.literal('join'), worker: text }), // to a reducer: how the coordinator names it
  z.strictObject({
    type: z.literal('ready'),
    model: modelDescriptionSchema,
    dataHash: text,
    testDataHash: text.nullable(),
    rows: rowSourceSchema,
  }),
  rowsMessageSchema,
  z.strictObject({
    type: z.literal('received'),
    array: z.enum(arrayKinds),
    version: count,
    chunk: count,
  }),
  z.strictObject({
    type: z.literal('node'),
    task: count,
    attempt: count,
    ...nodeFields,
    sampleCount: count,
    terms: z.record(text, z.number().or(z.nan()).or(z.literal(Infinity)).or(z.literal(-Infinity))),
    squares: z.number().or(z.nan()).or(z.literal(Infinity)), // sum over micro-batches of |g|^2, before any rounding
    nonFinite: z.array(count).max(1024), // leaves whose value was not finite
    computeMs: z.number(),
    checksum: count.optional(), // of the values, where the task asks for it
  }),
  z.strictObject({ type: z.literal('progress'), task: count, phase: text, residentBytes: z.number() }),
  z.strictObject({ type: z.literal('failed'), reason: text, exitCode: count }),
]);
export type WorkerMessage = z.infer<typeof workerMessageSchema>;

export const coordinatorMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('welcome'),
    rank: count,
    configuration: z.record(text, z.unknown()), // checked by the run configuration's own schema
    data: dataDescriptionSchema,
    testData: dataDescriptionSchema.nullable(),
    trace: z.strictObject({ receivedMs: z.number(), answeredMs: z.number() }).optional(), // trace-messages.ts
    reducers: z // where there are any outside: whom to join, and under which name, before saying ready
      .strictObject({ worker: text, endpoints: z.array(text).max(256) })
      .optional(),
  }),
  z.strictObject({ type: z.literal('joined') }),
  z.strictObject({ type: z.literal('refuse'), reason: text, exitCode: count }),
  z.strictObject({
    type: z.literal('array'),
    array: z.enum(arrayKinds),
    version: count,
    length: count, // in values
  }),
  z.strictObject({
    type: z.literal('task'),
    task: count,
    attempt: count,
    leafCount: count,
    nodes: z.array(z.strictObject(nodeFields)).max(4096),
    needs: z.partialRecord(z.enum(arrayKinds), count), // versions of arrays without which it cannot start
    resultLength: count, // values of a node; 0 where only scalars are summed
    spec: taskSpecSchema,
    checksums: z.boolean().optional(), // whether answers are compared
  }),
  z.strictObject({
    type: z.literal('credit'),
    task: count,
    attempt: count,
    ...nodeFields,
    chunks: z.array(count).max(4096),
  }),
  z.strictObject({ type: z.literal('ping') }),
  z.strictObject({ type: z.literal('evict'), reason: text }),
  z.strictObject({ type: z.literal('finish') }),
]);
export type CoordinatorMessage = z.infer<typeof coordinatorMessageSchema>;

/** One chunk of one node's value (up), or one chunk of an array (down): what a raw frame carries. */
export type DataFrame =
  | {
      readonly type: 'sum';
      readonly task: number;
      readonly attempt: number;
      readonly first: number; // the node
      readonly end: number;
      readonly chunk: number;
      /** At most 2^20 float32, 2^20 bfloat16 by their bits, or 2^19 float64. */
      readonly values: Float32Array | Float64Array | Uint16Array;
    }
  | {
      readonly type: 'array';
      readonly array: ArrayKind;
      readonly version: number;
      readonly chunk: number;
      readonly values: Float32Array | Float64Array | Uint8Array;
      readonly checksum?: number; // of the values' bytes, where it is known already
    };
