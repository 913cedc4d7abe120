/**
 * What the launcher and the process that it has on a box say to each other: one line of JSON a message, over the
 * standard streams of ssh, each checked before it is believed.
 *
 *   launcher -> box   ping, check, start, signal, tell, log, end
 *   box -> launcher   hello, pong, answer, line, listening, exit
 */
import { z } from 'zod';
import { ProtocolError } from '../../shared/errors.ts';
import { checkSchema } from './checks/schema.ts';

export const wireVersion = 1;

const id = z.int().nonnegative(); // of a process or a question, counted by the launcher
const signal = z.enum(['SIGINT', 'SIGTERM', 'SIGKILL']);

const toBoxSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ping') }),
  z.strictObject({ type: z.literal('check'), id, check: checkSchema }),
  z.strictObject({
    type: z.literal('start'),
    id,
    words: z.array(z.string()),
    environment: z.record(z.string(), z.string()), // added to the box's own
    /** A file of keys: the flag that names it, and its text, which never is a word or a variable. */
    secret: z.strictObject({ flag: z.string(), text: z.string() }).nullable(),
    graceMs: z.number(), // from SIGTERM to SIGKILL, when the box ends its processes by itself
  }),
  z.strictObject({ type: z.literal('signal'), id, signal }),
  z.strictObject({ type: z.literal('tell'), id, message: z.string() }),
  z.strictObject({ type: z.literal('log'), path: z.string(), line: z.string() }),
  z.strictObject({ type: z.literal('end') }),
]);

export const helloSchema = z.strictObject({
  type: z.literal('hello'),
  wire: z.literal(wireVersion),
  version: z.string(), // of the package
  code: z.string().nullable(), // digest of a clone's sources
  node: z.string(),
  hostname: z.string(),
  cores: z.int(),
  gpus: z.array(z.strictObject({ index: z.string(), name: z.string(), driver: z.string() })),
});

const fromBoxSchema = z.discriminatedUnion('type', [
  helloSchema,
  z.strictObject({ type: z.literal('pong') }),
  z.strictObject({
    type: z.literal('answer'),
    id,
    value: z.unknown(),
    problem: z.strictObject({ message: z.string(), exitCode: z.int() }).nullable(),
  }),
  z.strictObject({
    type: z.literal('line'),
    id,
    stream: z.enum(['stdout', 'stderr']),
    text: z.string(),
  }),
  z.strictObject({
    type: z.literal('listening'),
    id,
    endpoint: z.string(),
    runDir: z.string(),
    runId: z.string(),
    httpPort: z.int().nullable(),
  }),
  z.strictObject({
    type: z.literal('exit'),
    id,
    code: z.int(),
    signal: z.string().nullable(),
  }),
]);

export type ToBox = z.infer<typeof toBoxSchema>;
export type FromBox = z.infer<typeof fromBoxSchema>;
export type Hello = z.infer<typeof helloSchema>;
export type StartRequest = Omit<Extract<ToBox, { type: 'start' }>, 'type' | 'id'>;

export const encode = (message: ToBox | FromBox): string => `${JSON.stringify(message)}\n`;

/** @throws ProtocolError for a line that is no message */
export const decodeToBox = (line: string): ToBox => decode(line, toBoxSchema);
export const decodeFromBox = (line: string): FromBox => decode(line, fromBoxSchema);

function decode<T>(line: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ProtocolError('line', `said what is no message: ${JSON.stringify(line.slice(0, 200))}`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new ProtocolError('line', `said a message that is not valid${where === '' ? '' : ` (${where})`}`);
}
