/**
 * The transport over ZeroMQ: a ROUTER in the hub, a DEALER in each link. The only file that knows the package.
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
import { capability, context, Dealer, Router, version } from 'zeromq';
import { configurationError } from '../errors.ts';
import type { Transport, TransportOptions } from './transport.ts';
import { createHub } from './zeromq-hub.ts';
import { createLink } from './zeromq-link.ts';

/** What a transport needs of the process's clock. */
export interface TransportClock {
  after(delayMs: number, callback: () => void): () => void;
}

const libraryVersion = '4.3.5'; // what every fact in this file was measured with
const handshakeMs = 3000; // of a stranger who connects and says nothing
const connectMs = 3000;
const probeMs = 250; // until it shows that a process has ended
const farewellMs = 1000; // for what is under way when a hub or a link is closed
const keepaliveSeconds = { idle: 10, interval: 5, count: 3 };

assert(version === libraryVersion, `libzmq ${version}, expected ${libraryVersion}: reinstall zeromq`);
assert(capability.curve === true, 'libzmq without CURVE: reinstall zeromq');
context.blocky = false; // else a process that ends waits for peers that never come back

export function createZeromqTransport(clock: TransportClock): Transport {
  return {
    async bind(endpoint, options, events) {
      const socket = new Router(routerOptions(options));
      try {
        await socket.bind(endpoint);
      } catch (error) {
        socket.close();
        throw bindError(endpoint, error);
      }
      const bound = socket.lastEndpoint;
      assert(bound !== null, 'a bound socket has an endpoint');
      return createHub({
        socket,
        endpoint: bound,
        clock,
        probeIntervalMs: Math.min(probeMs, options.peerTimeoutMs / 4),
        nextTurn,
        events,
        farewellMs,
        async close() {
          await socket.unbind(bound);
          socket.close();
        },
      });
    },

    connect(endpoint, options, events) {
      return createLink({
        open() {
          const identity = `worker:${randomBytes(8).toString('hex')}`; // never the same twice: a doubled one hangs
          return new Dealer({ ...dealerOptions(options), routingId: identity });
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
        nextTurn,
        events,
      });
    },
  };
}

/** Of both sockets. CURVE's keys and the ZAP domain belong here too. */
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
