/**
 * What a trace of a run says on the wire, beside the protocol and only when a welcome asks for it.
 *
 *   worker                         coordinator
 *                    <-  welcome                  with the times at which hello came and welcome went
 *   clock            ->                           what do you make it?
 *                    <-  clock
 *   spans            ->                           what was computed since the last ones
 *
 * Spans are many and alike: a message holds every name and every set of arguments once, and a row of small numbers
 * for each span. Times are microseconds of the coordinator's clock, so that rounding cannot make spans cross.
 */
import { z } from 'zod';
import { ProtocolError } from '../errors.ts';

export type SpanArguments = Readonly<Record<string, number | string>>;

/** What took how long, on which track; spans of a track nest. */
export interface Span {
  readonly track: string;
  readonly name: string;
  readonly beganUs: number; // whole microseconds, by the coordinator's clock
  readonly endedUs: number;
  readonly args?: SpanArguments | undefined;
}

export const maxSpans = 2048; // in a message
const maxTexts = 256;
const maxTextCharacters = 16 * 1024; // of all names and arguments: what else is there takes 30 KiB
const nameCharacters = 64;
const longestUs = 0xffffffff; // 71 minutes

const count = z.int().min(0).max(0xffffffff);
const name = z.string().max(nameCharacters);
const millis = z.number();

/** What a worker says for the trace. */
export const traceMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('spans'),
    originUs: z.int(), // spans begin so many microseconds later
    tracks: z.array(name).max(maxTexts),
    names: z.array(name).max(maxTexts),
    arguments: z.array(z.record(name, z.number().or(name))).max(maxTexts),
    spans: z.array(z.tuple([count, count, count, count, z.int().min(-1)])).max(maxSpans),
    droppedCount: count, // spans of before that nobody will see
    clockErrorMs: z.number().min(0).or(z.literal(Infinity)), // of all times in here
  }),
  z.strictObject({ type: z.literal('clock'), askedMs: millis }),
]);
export type TraceMessage = z.infer<typeof traceMessageSchema>;

/** Whether a message is for the trace, and not for the machine. */
export const isTraceMessage = (message: { readonly type: string }): message is TraceMessage =>
  message.type === 'spans' || message.type === 'clock';
export type SpansMessage = Extract<TraceMessage, { type: 'spans' }>;

/** The coordinator's answer; the first of its times is the worker's own. */
export const clockAnswerSchema = z.strictObject({
  type: z.literal('clock'),
  askedMs: millis,
  receivedMs: millis,
  answeredMs: millis,
});
export type ClockAnswer = z.infer<typeof clockAnswerSchema>;

type Row = SpansMessage['spans'][number];

/** A table of texts or arguments, each of them once. */
interface Table<T> {
  readonly values: T[];
  readonly indices: Map<string, number>;
}

/** @returns as few messages as hold all spans, in their order; texts that are too long are cut */
export function packSpans(
  spans: readonly Span[],
  about: Pick<SpansMessage, 'droppedCount' | 'clockErrorMs'>,
): SpansMessage[] {
  const messages: SpansMessage[] = [];
  for (let at = 0; at < spans.length;) {
    const { message, taken } = packSome(spans.slice(at, at + maxSpans), about);
    messages.push(message);
    at += taken;
  }
  return messages;
}

function packSome(
  spans: readonly Span[],
  about: Pick<SpansMessage, 'droppedCount' | 'clockErrorMs'>,
): { readonly message: SpansMessage; readonly taken: number } {
  const originUs = spans.reduce((least, { beganUs }) => Math.min(least, beganUs), Infinity);
  const tracks: Table<string> = { values: [], indices: new Map() };
  const names: Table<string> = { values: [], indices: new Map() };
  const sets: Table<Record<string, number | string>> = { values: [], indices: new Map() };
  const rows: Row[] = [];
  let characters = 0;
  const indexOf = <T>(table: Table<T>, key: string, value: T): number => {
    const known = table.indices.get(key);
    if (known !== undefined) return known;
    table.indices.set(key, table.values.length);
    characters += key.length;
    return table.values.push(value) - 1;
  };
  const isFull = (): boolean =>
    characters > maxTextCharacters ||
    [tracks, names, sets].some((table: Table<unknown>) => table.values.length === maxTexts);
  for (const { track, name: full, beganUs, endedUs, args } of spans) {
    if (isFull()) break;
    const [place, title] = [cut(track), cut(full)];
    rows.push([
      indexOf(tracks, place, place),
      indexOf(names, title, title),
      Math.min(beganUs - originUs, longestUs),
      Math.min(endedUs - beganUs, longestUs),
      args === undefined ? -1 : indexOf(sets, JSON.stringify(args), cutArguments(args)),
    ]);
  }
  const [{ values: trackNames }, { values: spanNames }, { values: argumentSets }] = [tracks, names, sets];
  const message = {
    type: 'spans' as const,
    originUs,
    tracks: trackNames,
    names: spanNames,
    arguments: argumentSets,
    spans: rows,
    ...about,
  };
  return { message, taken: rows.length };
}

const cut = (text: string): string => text.slice(0, nameCharacters);

const cutArguments = (args: SpanArguments): Record<string, number | string> =>
  Object.fromEntries(
    Object.entries(args).map(([key, value]) => [cut(key), Number.isFinite(value) ? value : cut(`${value}`)]),
  );

/** @throws ProtocolError (`schema`) where a row names what its message lacks */
export function unpackSpans(message: SpansMessage): Span[] {
  const { originUs, tracks, names, arguments: sets, spans } = message;
  return spans.map(([trackIndex, nameIndex, beganUs, lengthUs, argsIndex]) => {
    const [track, title] = [tracks[trackIndex], names[nameIndex]];
    const args = argsIndex === -1 ? undefined : sets[argsIndex];
    if (track === undefined || title === undefined || (argsIndex !== -1 && args === undefined))
      throw new ProtocolError('schema', 'sent a span whose name is not in its message');
    const began = originUs + beganUs;
    return { track, name: title, beganUs: began, endedUs: began + lengthUs, args };
  });
}
