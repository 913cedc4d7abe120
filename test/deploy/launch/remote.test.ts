import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Box, BoxEvents } from '../../../deploy/launch/box.ts';
import { startRemote } from '../../../deploy/launch/remote.ts';
import type { Station } from '../../../deploy/launch/station.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';
import type { Exit } from '../../../deploy/train/child.ts';

const request = { words: ['worker'], environment: {}, secret: null, graceMs: 1 };

function fakeStation(exit: Promise<Exit | null>, open = true) {
  const kills: string[] = [];
  let events: BoxEvents | null = null;
  const box = {
    start(_: unknown, given: BoxEvents) {
      events = given;
      return { exited: exit, kill: (signal: string) => void kills.push(signal) };
    },
  } as unknown as Box;
  const station = {
    name: 'box1',
    whenOpen: () => (open ? Promise.resolve(box) : new Promise<Box>(() => undefined)),
  } as unknown as Station;
  return { station, kills, line: (text: string) => events?.onLine(text, 'stderr') };
}

test('its last lines are kept, and its exit is as it was', async () => {
  const exit = { code: 78, signal: null };
  let end: (exit: Exit) => void = () => undefined;
  const { station, line } = fakeStation(new Promise((resolve) => (end = resolve)));
  const heard: string[] = [];
  const events = { onLine: (text: string) => void heard.push(text) };
  const remote = startRemote({ station, request, events, clock: systemClock });
  await new Promise(setImmediate);
  for (let index = 0; index < 8; index++) line(`line ${index}`);
  end(exit);
  assert.deepEqual(await remote.exited, exit);
  assert.deepEqual(remote.lines(), ['line 3', 'line 4', 'line 5', 'line 6', 'line 7']);
  assert.equal(heard.length, 8);
});

test('the loss of its box counts as a lost peer, which is tried again', async () => {
  const { station } = fakeStation(Promise.resolve(null));
  const remote = startRemote({ station, request, events: { onLine: () => undefined }, clock: systemClock });
  assert.deepEqual(await remote.exited, { code: 75, signal: null });
  assert.deepEqual(remote.lines(), ['box1 is lost']);
});

test('one that still waits for its box ends at once when it is told to', async () => {
  const { station, kills } = fakeStation(Promise.resolve(null), false);
  const remote = startRemote({ station, request, events: { onLine: () => undefined }, clock: systemClock });
  remote.kill('SIGTERM');
  assert.equal((await remote.exited).signal, 'SIGTERM');
  assert.deepEqual(kills, []);
});

test('patience with a box that does not come back ends in exit code 75 and a remedy', async () => {
  const { station } = fakeStation(Promise.resolve(null), false);
  const events = { onLine: () => undefined };
  const remote = startRemote({ station, request, events, clock: systemClock, patienceMs: 1 });
  await assert.rejects(remote.exited, { exitCode: 75, message: /--resume/ });
});
