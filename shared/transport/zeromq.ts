/**
 * The transport over ZeroMQ: a ROUTER in the hub, a DEALER in each link. The only file that knows the package.
 * With keys, everything is CURVE: encrypted, both sides known to each other, strangers kept out by the allow-list.
 *
 * Here stand the options of both sockets, each with its reason; what is done with the sockets is in
 * zeromq-hub.ts and zeromq-link.ts. Both ends find out by themselves that the other is gone, without any
 * JavaScript being able to run: the I/O threads of both send heartbeats and answer them, so that a long kernel
 * on either side is no loss. Heartbeats abort libzmq's process where a receive pipe fills up and a socket
 * connects again (its issue 3937); here pipes have no limit, and no socket connects twice.
 */
import assert from 'node:assert';
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { capability, context, curveKeyPair, Dealer, Reply, Router, version } from 'zeromq';
import { configurationError } from '../errors.ts';
import { checkExposure } from './keys.ts';
import { createShelf, type Shelf } from './shelf.ts';
import type { BindOptions, ConnectOptions, HubEvents, KeyPair, Transport } from './transport.ts';
import type { TransportOptions } from './transport.ts';
import { createDoor, type Guard } from './zeromq-door.ts';
import { createHub } from './zeromq-hub.ts';
import { createLink } from './zeromq-link.ts';
import { createStrangers, type SocketEvent } from './zeromq-strangers.ts';

/** What a transport needs of the process's clock. */
export interface TransportClock {
  after(delayMs: number, callback: () => void): () => void;
}

const libraryVersion = '4.3.5'; // what every fact in this file was measured with
const handshakeMs = 3000; // of a stranger who connects and says nothing
const connectMs = 3000;
const probeMs = 250; // until it shows that a process has ended
const farewellMs = 1000; // for what is under way when a hub or a link is closed
const maxPeers = 4096;
const keepaliveSeconds = { idle: 10, interval: 5, count: 3 };

assert(version === libraryVersion, `libzmq ${version}, expected ${libraryVersion}: reinstall zeromq`);
assert(capability.curve === true, 'libzmq without CURVE: reinstall zeromq');
context.blocky = false; // else a process that ends waits for peers that never come back

const doorEndpoint = 'inproc://zeromq.zap.01'; // where libzmq asks, one for the whole process
const door = createDoor(async () => {
  const socket = new Reply({ linger: 0 });
  const ended = follow(socket, () => {});
  await socket.bind(doorEndpoint);
  return {
    receive: () => socket.receive(),
    send: (frames) => socket.send(frames),
    close() {
      socket.close();
      return ended;
    },
  };
});

/** A new pair, for a hub or for links. */
export const createKeyPair = (): KeyPair => curveKeyPair();

/** @param sharedMemory whether large payloads pass over shared memory where both sides are on one machine */
export function createZeromqTransport(clock: TransportClock, { sharedMemory = true } = {}): Transport {
  const newShelf = (bytes: number): Shelf | null => (sharedMemory ? createShelf(bytes) : null);
  return {
    async bind(endpoint, options, events) {
      checkExposure(endpoint, options);
      const onRefused = (address: string): void => events.onStranger?.('unknownKey', address);
      const guard = options.keys === undefined ? null : await door.guard(options.keys.allowed, onRefused);
      const socket = new Router({
        ...routerOptions(options),
        ...serverOptions(options, guard),
        ipv6: isIpv6(endpoint),
      });
      try {
        await socket.bind(endpoint);
      } catch (error) {
        socket.close();
        await guard?.remove();
        throw bindError(endpoint, error);
      }
      const bound = socket.lastEndpoint;
      assert(bound !== null, 'a bound socket has an endpoint');
      const watching = watchStrangers(socket, clock, events);
      return createHub({
        socket,
        endpoint: bound,
        clock,
        probeIntervalMs: Math.min(probeMs, options.peerTimeoutMs / 4),
        nextTurn,
        events,
        farewellMs,
        maxPeers,
        maxFrameBytes: options.maxFrameBytes,
        shelf: newShelf(options.maxFrameBytes),
        async close() {
          watching.stop();
          socket.close();
          await watching.ended;
          await guard?.remove();
        },
      });
    },

    connect(endpoint, options, events) {
      return createLink({
        open() {
          const identity = `worker:${randomBytes(8).toString('hex')}`; // never the same twice: a doubled one hangs
          return new Dealer({
            ...dealerOptions(options),
            ...clientOptions(options),
            ipv6: isIpv6(endpoint),
            routingId: identity,
          });
        },
        connect(socket) {
          try {
            socket.connect(endpoint);
          } catch {
            throw configurationError(`cannot connect to ${endpoint}, expected such as tcp://127.0.0.1:5770`);
          }
        },
        close: (socket) => socket.close(),
        clock,
        answerMs: connectMs + handshakeMs,
        farewellMs,
        maxFrameBytes: options.maxFrameBytes,
        shelf: newShelf(options.maxFrameBytes),
        nextTurn,
        events,
      });
    },
  };
}

/**
 * Hands on what libzmq says of a socket, up to the socket's end: then all that it held is free, a port too.
 *
 * Closing is the one way to that end. `unbind` looks at the socket from a thread of its own while the event loop
 * does the same from another, and a socket is no one's to share: the process aborts, one time in thirty.
 */
async function follow(socket: Router | Reply, onEvent: (event: SocketEvent) => void): Promise<void> {
  const observer = socket.events;
  for (;;) {
    const event = await observer.receive();
    if (event === undefined || event.type === 'end') return observer.close();
    onEvent(event);
  }
}

/** Counts whoever fails to get in, until it is stopped. */
function watchStrangers(socket: Router, clock: TransportClock, events: HubEvents) {
  let stopped = false;
  const strangers = createStrangers((kind) => stopped || events.onStranger?.(kind, ''));
  let cancel = (): void => {};
  const ageForever = (): void => {
    strangers.age();
    cancel = clock.after(handshakeMs + 1000, ageForever);
  };
  ageForever();
  return {
    ended: follow(socket, (event) => strangers.handle(event)),
    stop(): void {
      stopped = true;
      cancel();
    },
  };
}

/** Of a hub with keys: whoever has none, or one that the door does not know, does not get in. */
const serverOptions = ({ keys }: BindOptions, guard: Guard | null) =>
  keys === undefined || guard === null
    ? {}
    : {
        curveServer: true,
        curvePublicKey: keys.publicKey,
        curveSecretKey: keys.secretKey,
        zapDomain: guard.domain,
        zapEnforceDomain: true, // else a door that is gone lets everybody in
      };

const clientOptions = ({ keys }: ConnectOptions) =>
  keys === undefined
    ? {}
    : { curveServerKey: keys.serverKey, curvePublicKey: keys.publicKey, curveSecretKey: keys.secretKey };

/** `tcp://[::1]:5770`; for such a socket a name is looked up otherwise, so that others are not. */
const isIpv6 = (endpoint: string): boolean => endpoint.startsWith('tcp://[');

/** Of both sockets. */
const commonOptions = ({ maxFrameBytes, peerTimeoutMs }: TransportOptions) => ({
  linger: 0, // it would not help: see zeromq-hub.ts
  maxMessageSize: maxFrameBytes, // unlimited by default, before any handshake
  handshakeInterval: handshakeMs,
  tcpKeepalive: 1,
  tcpKeepaliveIdle: keepaliveSeconds.idle,
  tcpKeepaliveInterval: keepaliveSeconds.interval,
  tcpKeepaliveCount: keepaliveSeconds.count,
  tcpMaxRetransmitTimeout: peerTimeoutMs,
  receiveHighWaterMark: 0, // credit bounds memory; see above
  heartbeatInterval: peerTimeoutMs / 5,
  heartbeatTimeout: peerTimeoutMs,
});

const routerOptions = (options: TransportOptions) => ({
  ...commonOptions(options),
  mandatory: true, // else what cannot be delivered vanishes
  sendTimeout: 0, // a full peer is told of at once and holds up no other
});

const dealerOptions = (options: TransportOptions) => ({
  ...commonOptions(options),
  immediate: true, // nothing is queued for a connection that is not there
  reconnectInterval: -1, // a socket lives for one connection: none resumes in the middle of an old step
  connectTimeout: connectMs,
});

function bindError(endpoint: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  if (code === 'EADDRINUSE')
    return configurationError(`${endpoint} is in use: stop its owner, or choose another port (0: any)`);
  return configurationError(`cannot listen on ${endpoint} (${code}), expected such as tcp://127.0.0.1:5770`);
}
