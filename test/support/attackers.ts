/** Those who should not be there: raw connections, and peers that speak ZeroMQ and mean harm. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Dealer } from 'zeromq';
import { decodeCoordinatorMessage, encodeControl } from '../../shared/protocol/control.ts';
import {
  protocolVersion,
  type CoordinatorMessage,
  type WorkerMessage,
} from '../../shared/protocol/messages.ts';
import { signalOf } from '../../shared/transport/zeromq-signals.ts';
import { until } from './lockstep.ts';

/** What a ZeroMQ peer without keys says first. */
export const zmtpGreeting = Buffer.concat([
  Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]),
  Buffer.from('NULL'.padEnd(52, '\0')),
]);
/** Its command after that, as a DEALER. */
const zmtpReady = Buffer.concat([
  Buffer.from([4, 0x1c]),
  Buffer.from('\x05READY\x0bSocket-Type\0\0\0\x06DEALER', 'latin1'),
]);

/** What is no peer of ours, by name. */
export const noise: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  http: Buffer.from('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'),
  tls: Buffer.from('16030100c8010000c40303', 'hex'),
  zeros: Buffer.alloc(1_000_000),
  ones: Buffer.alloc(1_000_000, 0xff),
  'greeting, then noise': Buffer.concat([zmtpGreeting, Buffer.alloc(1000, 4)]),
  'a command of 2^64 bytes': Buffer.concat([zmtpGreeting, Buffer.from([6, ...Buffer.alloc(8, 0xff)])]),
  'a frame of 2^62 bytes': Buffer.concat([
    zmtpGreeting,
    zmtpReady,
    Buffer.from([2, 0x3f, ...Buffer.alloc(7, 0xff)]),
  ]),
};

export function openRaw(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {}); // that they hang up is what is hoped for
  return socket.resume();
}

/** Sends it, half closes, and waits until the other side has hung up. */
export async function say(port: number, data: Buffer): Promise<void> {
  const socket = openRaw(port);
  socket.end(data);
  await new Promise((resolve) => socket.once('close', resolve));
}

/** Sends a byte every so often. @returns how long it was let, in ms */
export async function saySlowly(port: number, data: Buffer, pauseMs: number): Promise<number> {
  const socket = openRaw(port);
  const beganMs = performance.now();
  for (let at = 0; !socket.destroyed && at < data.length; at++) {
    socket.write(data.subarray(at, at + 1));
    await sleep(pauseMs);
  }
  socket.destroy();
  return performance.now() - beganMs;
}

/** A peer that speaks the transport's language, and what it hears. */
export interface Impostor {
  readonly heard: CoordinatorMessage[];
  /** @returns whether the socket took it within a moment */
  send(frames: readonly (Uint8Array | string)[]): Promise<boolean>;
  tell(message: WorkerMessage, epoch?: number): Promise<boolean>;
  /** Whether the hub said farewell, or the connection ended. */
  gone(): boolean;
  close(): void;
}

const hello: WorkerMessage = {
  type: 'hello',
  protocol: protocolVersion,
  version: '',
  host: 'nowhere',
  pid: 1,
  fingerprint: { backend: 'wasm', version: '0', device: 'none', threads: 1, precision: 'float32' },
};

/** @param version of the package, as a worker would say it */
export const helloOf = (version: string): WorkerMessage => ({ ...hello, version }) as WorkerMessage;

export const rowsOf = (request: number, row: number): WorkerMessage => ({
  type: 'rows',
  request,
  of: 'training',
  rows: [row],
});

/** Of a worker that has another model, far too large for anybody. */
export const readyOf = (dataHash: string): WorkerMessage => ({
  type: 'ready',
  model: {
    name: 'vae',
    parameters: [{ name: 'w', shape: [0xffffffff, 0xffffffff], initialiser: { kind: 'zeros' } }],
    statistics: [],
    termNames: ['loss'],
    generative: false,
  },
  dataHash,
  rows: { place: 'own', reason: '' },
  testDataHash: null,
});

export const nodeOf = (task: number): WorkerMessage => ({
  type: 'node',
  task,
  attempt: 0,
  first: 0,
  end: 1,
  sampleCount: 1,
  terms: { loss: 0 },
  squares: 0,
  nonFinite: [],
  computeMs: 1,
});

export const isRefused = ({ heard }: Impostor): boolean => heard.some(({ type }) => type === 'refuse');

/** One that a crowd keeps from shaking hands in time is shown the door unheard, and comes again, a few times. */
export async function isOldOneRefused(endpoint: string, tries = 5): Promise<boolean> {
  const old = await openImpostor(endpoint);
  await old.tell(helloOf('0.0.0-old'));
  await until(
    () => old.gone() || isRefused(old),
    () => 'another version',
  );
  old.close();
  return isRefused(old) || (tries > 1 && isOldOneRefused(endpoint, tries - 1));
}

export async function openImpostor(endpoint: string): Promise<Impostor> {
  const routingId = `worker:${randomBytes(8).toString('hex')}`;
  const socket = new Dealer({
    linger: 0,
    routingId,
    sendTimeout: 200,
    reconnectInterval: -1,
    sendHighWaterMark: 8,
  });
  const heard: CoordinatorMessage[] = [];
  let [isGone, isClosed] = [false, false];
  socket.connect(endpoint);
  await socket.send('');
  const listen = async (): Promise<void> => {
    for await (const frames of socket) {
      const signal = signalOf(frames);
      if (signal !== null) isGone ||= signal.kind === 'farewell';
      else if (frames.length === 1)
        heard.push(decodeCoordinatorMessage(frames).message as CoordinatorMessage);
    }
  };
  const watch = async (): Promise<void> => {
    for (;;) {
      const { type } = await socket.events.receive();
      if (type === 'disconnect') isGone = true;
      if (type === 'end') return;
    }
  };
  const unlessClosed = (error: unknown): void => {
    if (!isClosed) throw error;
  };
  void listen().catch(unlessClosed);
  void watch().catch(unlessClosed);
  const send: Impostor['send'] = (frames) =>
    socket.send([...frames] as (Buffer | string)[]).then(
      () => true,
      () => false,
    );
  return {
    heard,
    send,
    tell: (message, epoch = 1) => send(encodeControl(epoch, message)),
    gone: () => isGone,
    close() {
      isClosed = true;
      socket.close();
    },
  };
}
