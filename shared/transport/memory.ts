/**
 * A network in memory whose every delay and fault comes from a seed, for tests that want thousands of schedules.
 *
 * Deliveries and timers are events in virtual time: nothing happens until the caller takes a step. Delays
 * differ from message to message and so reorder what different peers send, but never what one pair does. Hosts
 * have names; faults befall hosts. Payloads are copied on delivery and not before: what its sender changes on
 * the way arrives changed, as over a socket.
 */
import assert from 'node:assert';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { configurationError } from '../errors.ts';
import { wordsOf } from '../math/philox.ts';
import { createMemoryHub, createMemoryLink, type Dial, type Listener } from './memory-sides.ts';
import { createPair, isCut, type HostState, type Wire } from './memory-pair.ts';
import type { Transport } from './transport.ts';
import { createVirtualTime, type VirtualClock } from './virtual-time.ts';

export interface MemoryNetworkOptions {
  readonly seed: number;
  readonly minDelayMs?: number;
  readonly maxDelayMs?: number;
}

/** One process on one box: it crashes as a whole, and its timers with it. */
export interface MemoryHost {
  readonly transport: Transport;
  readonly clock: VirtualClock;
}

export interface MemoryNetwork {
  readonly nowMs: number;
  /** The host of this name; a new one if there was none, or if it crashed. */
  host(name: string): MemoryHost;

  /** Runs the next event. @returns false if there is none */
  step(): boolean;
  /** Runs events until none is left. @returns how many; fails after `maxEvents` */
  runUntilIdle(maxEvents?: number): number;
  /** Runs the events of the next `durationMs`. */
  runFor(durationMs: number): void;
  /** Runs events until `done`, with a turn of the event loop before each, so that promises go on. */
  runUntil(done: () => boolean, maxEvents?: number): Promise<void>;

  /** Nothing passes to or from the host; both sides of a connection give it up after their `peerTimeoutMs`. */
  cut(name: string): void;
  /** Ends a cut. What was under way on connections that lived through it arrives now. */
  heal(name: string): void;
  /** The process is killed: it is told nothing, and its peers that the connection ended. */
  crash(name: string): void;
  /** The host's JavaScript stops, its connections stay up: messages and timers wait for `resume`. */
  pause(name: string): void;
  resume(name: string): void;
}

const reconnectMs = 100; // from the moment when something is there to connect to
const turnsPerEvent = 4; // of the event loop, so that promises go on that wait for one another

export function createMemoryNetwork(options: MemoryNetworkOptions): MemoryNetwork {
  const { seed, minDelayMs = 0.05, maxDelayMs = 2 } = options;
  const time = createVirtualTime();
  const nextWord = wordsOf(seed, [0, 0, 0]);
  const hosts = new Map<string, HostState>();
  const listeners = new Map<string, Listener>(); // by endpoint
  const waiting = new Set<() => void>(); // links that look for a listener
  let peerCount = 0;
  let portCount = 50_000;

  const wire: Wire = {
    time,
    delayMs: () => minDelayMs + ((maxDelayMs - minDelayMs) * nextWord()) / 2 ** 32,
    pick: (bound) => Math.floor((bound * nextWord()) / 2 ** 32),
    tell,
  };

  function tell(host: HostState, action: () => void): void {
    if (!host.alive) return;
    if (host.paused) host.held.push(action);
    else action();
  }

  function stateOf(name: string): HostState {
    const known = hosts.get(name);
    if (known !== undefined) return known;
    const state: HostState = { name, alive: true, paused: false, cutCount: 0, held: [], ends: new Set() };
    hosts.set(name, state);
    return state;
  }

  const clockOf = (host: HostState): VirtualClock => ({
    nowMs: () => time.nowMs,
    wallTime: () => new Date(time.nowMs),
    after(delayMs, callback) {
      let cancelled = false;
      time.schedule(delayMs, () => tell(host, () => void (cancelled || callback())));
      return () => (cancelled = true);
    },
  });

  const transportOf = (host: HostState): Transport => ({
    bind(endpoint, transportOptions, events) {
      const bound = endpoint.replace(/:0$/, () => `:${portCount++}`);
      if (listeners.has(bound))
        return Promise.reject(
          configurationError(`${bound} is in use: stop its owner, or choose another port`),
        );
      const { hub, listener } = createMemoryHub({
        host,
        wire,
        endpoint: bound,
        transportOptions,
        events,
        nextPeer: () => `worker:${peerCount++}`,
        unbind: () => void (listeners.get(bound) === listener && listeners.delete(bound)),
      });
      listeners.set(bound, listener);
      wake();
      return Promise.resolve(hub);
    },
    connect: (endpoint, transportOptions, events) =>
      createMemoryLink({ host, wire, endpoint, transportOptions, events, reconnectMs, dial }),
  });

  /** Connects once there is a way and somebody at its end. */
  const dial: Dial = (endpoint, link, wanted, onUp) => {
    const attempt = (): void => {
      if (!link.host.alive || !wanted()) return;
      const listener = listeners.get(endpoint);
      if (listener === undefined || isCut(link.host) || isCut(listener.host))
        return void waiting.add(attempt);
      const peer = listener.accept();
      const [here, there] = createPair(wire, link, peer.options);
      peer.attach(there);
      onUp(here);
    };
    time.schedule(wire.delayMs(), attempt);
  };

  function wake(): void {
    for (const attempt of waiting) time.schedule(reconnectMs + wire.delayMs(), attempt);
    waiting.clear();
  }

  function changeCut(host: HostState): void {
    host.cutCount++;
    for (const end of host.ends) end.onCutChanged();
  }

  function crash(name: string): void {
    const host = stateOf(name);
    host.alive = false;
    host.held.length = 0;
    hosts.delete(name);
    for (const [endpoint, listener] of listeners) if (listener.host === host) listeners.delete(endpoint);
    for (const end of host.ends) end.break();
  }

  function resume(host: HostState): void {
    host.paused = false;
    while (host.held.length > 0 && !host.paused) host.held.shift()!();
  }

  return {
    get nowMs() {
      return time.nowMs;
    },
    host(name) {
      const state = stateOf(name);
      return { transport: transportOf(state), clock: clockOf(state) };
    },
    step: () => time.step(),
    runUntilIdle(maxEvents = 1_000_000) {
      let count = 0;
      for (; time.step(); count++) assert(count < maxEvents, `seed ${seed}: not idle after ${count} events`);
      return count;
    },
    runFor(durationMs) {
      const untilMs = time.nowMs + durationMs;
      while (time.step(untilMs));
      time.advanceTo(untilMs);
    },
    async runUntil(done, maxEvents = 1_000_000) {
      for (let count = 0; ; count++) {
        for (let turn = 0; turn < turnsPerEvent; turn++) await nextTurn();
        if (done()) return;
        assert(time.step(), `seed ${seed}: nothing happens any more, and it is not done`);
        assert(count < maxEvents, `seed ${seed}: not done after ${count} events`);
      }
    },
    cut(name) {
      if (!isCut(stateOf(name))) changeCut(stateOf(name));
    },
    heal(name) {
      if (isCut(stateOf(name))) changeCut(stateOf(name));
      wake();
    },
    crash,
    pause: (name) => void (stateOf(name).paused = true),
    resume: (name) => resume(stateOf(name)),
  };
}
