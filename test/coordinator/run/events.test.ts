import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { maskedCrc32c } from '../../../coordinator/run/crc32c.ts';
import { evaluationScalars, openEventFile, stepScalars } from '../../../coordinator/run/events.ts';
import { evaluationOf, stepOf } from '../../support/records.ts';
import { temporaryFolder } from '../../support/temporary.ts';

/** Fields of a protobuf message, in order: numbers of varints, bytes of everything else. */
function fieldsOf(message: Buffer): [field: number, value: number | Buffer][] {
  const fields: [number, number | Buffer][] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const fixed = { 1: 8, 5: 4 }[key & 7];
    if ((key & 7) === 0) {
      fields.push([key >> 3, varint()]);
      continue;
    }
    const length = fixed ?? varint();
    fields.push([key >> 3, message.subarray(at, (at += length))]);
  }
  return fields;
}

/** The events of a folder's only file; checks both CRCs of each record. */
function eventsIn(folder: string): Map<number, number | Buffer>[] {
  const [name] = readdirSync(folder);
  const bytes = readFileSync(join(folder, name!));
  const events: Map<number, number | Buffer>[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    assert.equal(bytes.readUInt32LE(at + 8), maskedCrc32c(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    assert.equal(bytes.readUInt32LE(at + 12 + length), maskedCrc32c(data));
    events.push(new Map(fieldsOf(data)));
    at += length + 16;
  }
  return events;
}

function scalarsOf(event: Map<number, number | Buffer>): Record<string, number> {
  const values = fieldsOf(event.get(5) as Buffer).map(([, value]) => new Map(fieldsOf(value as Buffer)));
  return Object.fromEntries(
    values.map((value) => [(value.get(1) as Buffer).toString(), (value.get(2) as Buffer).readFloatLE()]),
  );
}

test('an event file says its version, when, at which step, and each scalar', () => {
  const folder = temporaryFolder();
  let seconds = 1_800_000_000.5;
  const file = openEventFile(folder, 'lockstep.1', 0, () => seconds);
  seconds += 1;
  file.scalars(300, { loss: 0.5, 'held_out/loss': NaN });
  file.flush();
  file.scalars(2 ** 40, { loss: -1 });
  file.flush();
  file.flush();
  assert.match(readdirSync(folder)[0]!, /^events\.out\.tfevents\.1800000000\.lockstep\.1$/);
  const [version, first, second] = eventsIn(folder);
  assert.equal((version!.get(3) as Buffer).toString(), 'brain.Event:2');
  assert.equal((first!.get(1) as Buffer).readDoubleLE(), 1_800_000_001.5);
  assert.equal(first!.get(2), 300);
  assert.deepEqual(scalarsOf(first!), { loss: 0.5, 'held_out/loss': NaN });
  assert.equal(second!.get(2), 2 ** 40);
  assert.deepEqual(scalarsOf(second!), { loss: -1 });
});

test('events that could not be written are written when it is possible again', () => {
  const folder = join(temporaryFolder(), 'later');
  const file = openEventFile(folder, 'lockstep.1', 0, () => 1);
  file.scalars(1, { loss: 1 });
  assert.throws(() => file.flush(), /ENOENT/);
  mkdirSync(folder);
  file.scalars(2, { loss: 2 });
  file.flush();
  assert.deepEqual(eventsIn(folder).slice(1).map(scalarsOf), [{ loss: 1 }, { loss: 2 }]);
});

test('a resumed run tells TensorBoard to forget later steps of earlier sittings', () => {
  const folder = temporaryFolder();
  openEventFile(folder, 'lockstep.2', 120, () => 1).flush();
  const start = eventsIn(folder)[1]!;
  assert.equal(start.get(2), 121); // what was made of step 120 stays
  assert.deepEqual(fieldsOf(start.get(7) as Buffer), [[1, 1]]); // SessionLog.START
});

test('a step and an evaluation show what people look for', () => {
  const step = stepScalars(stepOf(3));
  assert.equal(step['step/loss'], 97);
  assert.equal(step['step/learning_rate'], 1e-4);
  assert.equal(step['throughput/samples_per_second'], 500);
  const evaluation = evaluationScalars(evaluationOf(10));
  assert.deepEqual(
    ['held_out/loss', 'training/kl', 'batch/noise_scale', 'test/loss'].map((name) => evaluation[name]),
    [92, 3, 48, undefined],
  );
});
