/**
 * TensorBoard's event files: scalars over steps, one file a sitting.
 *
 * A file is a sequence of TFRecords (u64 length, masked CRC, data, masked CRC, little-endian), each an `Event`
 * protobuf: wall_time = 1 (double), step = 2 (int64), file_version = 3, summary = 5 {value = 1 {tag = 1,
 * simple_value = 2 (float)}}, session_log = 7 {status = 1}. A START at step s tells TensorBoard to forget what
 * earlier files hold from s on: when a run is resumed, s is the first step that it makes anew.
 */
import { join } from 'node:path';
import type { EvaluationRecord, StepRecord } from '../journal.ts';
import { maskedCrc32c } from './crc32c.ts';
import { appendWhole } from './line-file.ts';

export interface EventFile {
  scalars(step: number, values: Readonly<Record<string, number>>): void;
  /** @throws the file system's error; the events are kept for the next time */
  flush(): void;
}

const sessionStart = 1;
const pendingMax = 20_000; // events that cannot be written: older ones are let go

/**
 * @param name of the file's end, such as `host.incarnation`: unlike any other in the folder
 * @param firstStep steps made before this sitting; scalars stand at steps made, so its own begin one later
 */
export function openEventFile(
  folder: string,
  name: string,
  firstStep: number,
  wallSeconds: () => number,
): EventFile {
  const began = String(Math.floor(wallSeconds())).padStart(10, '0');
  const path = join(folder, `events.out.tfevents.${began}.${name}`);
  const event = (...fields: Uint8Array[]): Uint8Array =>
    frameRecord(Buffer.concat([doubleField(1, wallSeconds()), ...fields]));
  let pending = [event(bytesField(3, Buffer.from('brain.Event:2')))];
  if (firstStep > 0)
    pending.push(event(intField(2, firstStep + 1), bytesField(7, intField(1, sessionStart))));
  return {
    scalars(step, values) {
      const summary = Object.entries(values).map(([tag, value]) =>
        bytesField(1, Buffer.concat([bytesField(1, Buffer.from(tag)), floatField(2, value)])),
      );
      pending.push(event(intField(2, step), bytesField(5, Buffer.concat(summary))));
    },
    flush() {
      if (pending.length === 0) return;
      pending.splice(1, Math.max(0, pending.length - pendingMax)); // the first one may be the file's version
      appendWhole(path, Buffer.concat(pending));
      pending = [];
    },
  };
}

/** What a step shows: as a function of steps made. */
export function stepScalars(record: StepRecord): Record<string, number> {
  return {
    ...prefixed('step/', record.terms),
    'step/learning_rate': record.learningRate,
    'step/kl_weight': record.klWeight,
    'step/gradient_norm': record.gradientNorm,
    'throughput/samples_per_second': record.samples / record.seconds,
    'throughput/workers': record.workers,
  };
}

export function evaluationScalars(record: EvaluationRecord): Record<string, number> {
  return {
    ...prefixed('training/', record.training),
    ...prefixed('training_mean/', record.trainingMean),
    ...prefixed('held_out/', record.heldOut ?? {}),
    ...prefixed('test/', record.test ?? {}),
    ...(record.noiseScale === null ? {} : { 'batch/noise_scale': record.noiseScale }),
    'throughput/epoch_samples_per_second': record.samplesPerSecond,
  };
}

const prefixed = (prefix: string, terms: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(terms).map(([name, value]) => [prefix + name, value]));

/** Exported for tests. */
export function frameRecord(data: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(12 + data.length + 4);
  frame.writeBigUInt64LE(BigInt(data.length));
  frame.writeUInt32LE(maskedCrc32c(frame.subarray(0, 8)), 8);
  frame.set(data, 12);
  frame.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return frame;
}

const tag = (field: number, wireType: number): Uint8Array => varint((field << 3) | wireType);

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.from([...bytes, rest]);
}

const intField = (field: number, value: number): Uint8Array => Buffer.concat([tag(field, 0), varint(value)]);

function doubleField(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([tag(field, 1), bytes]);
}

function floatField(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([tag(field, 5), bytes]);
}

const bytesField = (field: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([tag(field, 2), varint(bytes.length), bytes]);
