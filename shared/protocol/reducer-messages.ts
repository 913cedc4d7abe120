/**
 * Messages between the coordinator and a reducer in a process of its own: what the coordinator would otherwise ask
 * of a part of itself, and what that part would answer.
 *
 *   reducer                        coordinator
 *   reducer          ->
 *                    <-  accept                   or refuse
 *   listening        ->                           where workers find it
 *                    <-  open                     its chunks of [P]
 *                    <-  ARRAY frames             parameters and moments of those chunks
 *   stored           ->                           one a chunk: the sender's window
 *                    <-  publish                  parameters, to every worker that is attached, now or later
 *                    <-  attach, detach           a worker
 *                    <-  begin, reassign          a sum, and who holds which node
 *   delivered        ->                           a node's values are all here
 *   report           ->                           the sum is complete; half of a step
 *                    <-  commit                   the other half; or nothing, and all stays as it is
 *                    <-  read                     which chunks of parameters and moments to send
 *   ARRAY frames     ->
 *                    <-  finish
 */
import { z } from 'zod';
import { wires } from '../math/node-values.ts';
import { modelDescriptionSchema, type WorkerMessage } from './messages.ts';

const count = z.int().min(0).max(0xffffffff);
const text = z.string().max(2048);
const real = z.number().or(z.nan()).or(z.literal(Infinity)); // a sum of squares
const sums = z.array(real).max(3000).readonly(); // one a chunk: 3 * 2^30 parameters
const nodeFields = { first: count, end: count };

/** What a reducer says. */
export const reducerMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('reducer'),
    protocol: count,
    version: text, // of the package
    host: text,
    pid: count,
  }),
  z.strictObject({ type: z.literal('listening'), endpoint: text }),
  z.strictObject({ type: z.literal('stored'), chunk: count }),
  z.strictObject({ type: z.literal('delivered'), task: count, attempt: count, ...nodeFields }),
  z.strictObject({
    type: z.literal('report'),
    task: count,
    attempt: count,
    meanSquares: sums,
    squares: sums,
    finite: z.boolean(),
  }),
  z.strictObject({ type: z.literal('broken'), reason: text }), // and it is gone
]);
export type ReducerMessage = z.infer<typeof reducerMessageSchema>;

/** What a reducer is told; workers are named as the coordinator names them. */
export const reducerCommandSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('accept') }),
  z.strictObject({ type: z.literal('refuse'), reason: text, exitCode: count }),
  z.strictObject({
    type: z.literal('open'),
    parameters: modelDescriptionSchema.shape.parameters,
    chunks: z.strictObject(nodeFields),
    budget: count.min(1).max(4096), // chunks of gradients under way
    window: count.min(1).max(4096), // chunks of parameters under way to one worker
  }),
  z.strictObject({ type: z.literal('publish'), version: count }),
  z.strictObject({ type: z.literal('attach'), worker: text }),
  z.strictObject({ type: z.literal('detach'), worker: text }),
  z.strictObject({
    type: z.literal('begin'),
    task: count,
    attempt: count,
    leafCount: count,
    batchSize: count,
    wire: z.enum(wires), // what nodes below the root are
    shares: z.array(z.strictObject({ worker: text, nodes: z.array(z.strictObject(nodeFields)).max(4096) })),
  }),
  z.strictObject({ type: z.literal('reassign'), worker: text, ...nodeFields }),
  z.strictObject({
    type: z.literal('commit'),
    version: count, // of the parameters that come of it
    scalars: z.strictObject({
      gradientScale: z.number(),
      learningRate: z.number(),
      beta1: z.number(),
      beta2: z.number(),
      epsilon: z.number(),
      correction1: z.number(),
      correction2: z.number(),
    }),
  }),
  // the version of the frames that it asks for: a replayed one of an earlier reading is none of them
  z.strictObject({ type: z.literal('read'), version: count, chunks: z.array(count).max(4096) }),
  z.strictObject({ type: z.literal('ping') }),
  z.strictObject({ type: z.literal('finish') }),
]);
export type ReducerCommand = z.infer<typeof reducerCommandSchema>;

const typesOfReducers: ReadonlySet<string> = new Set(
  reducerMessageSchema.options.map(({ shape }) => shape.type.value),
);

/** Tells by its type who said a message. */
export const isFromReducer = (message: WorkerMessage | ReducerMessage): message is ReducerMessage =>
  typesOfReducers.has(message.type);
