/**
 * The link's side of a connection: connects, says hello, and after a loss starts anew.
 *
 * A socket lives for one connection. When that ends, for whatever reason, what had arrived is still handed on;
 * then the socket is closed, and after a pause another one with another identity takes its place. The first
 * message of the hub, an empty one, is its answer to hello: only then is the link connected.
 */
import assert from 'node:assert';
import type { Frames, Link, LinkEvents } from './transport.ts';
import type { SocketEvent } from './zeromq-strangers.ts';
import { createCarriage, type Carriage } from './carriage.ts';
import { createLettingGo } from './let-go.ts';
import type { Shelf } from './shelf.ts';
import { farewell, hello, signalOf } from './zeromq-signals.ts';

/** What the link does with a DEALER socket: one send and one receive at a time. */
export interface DealerSocket {
  readonly readable: boolean;
  readonly events: { receive(): Promise<SocketEvent>; close(): void };
  receive(): Promise<Uint8Array[]>;
  send(frames: Uint8Array[]): Promise<void>;
}

export interface LinkOptions<Socket extends DealerSocket> {
  /** A new socket, which does nothing yet. */
  readonly open: () => Socket;
  /** @throws LockstepError for an address that is none */
  readonly connect: (socket: Socket) => void;
  readonly close: (socket: Socket) => void;
  readonly clock: { after(delayMs: number, callback: () => void): () => void };
  /** Within which a hub answers hello, or the attempt has failed. */
  readonly answerMs: number;
  readonly farewellMs: number; // that a closed link waits for the hub, at most
  readonly maxFrameBytes: number;
  readonly shelf: Shelf | null; // for large payloads to a hub of this machine; closed with the link
  /** Resolves after the event loop went round. */
  readonly nextTurn: () => Promise<unknown>;
  readonly events: LinkEvents;
}

/** One socket's life. */
interface Connection<Socket> {
  readonly socket: Socket;
  readonly queue: Frames[];
  readonly carriage: Carriage;
  sending: boolean;
  answered: boolean;
  over: boolean; // its socket is closed
  cancelTimer: () => void;
}

const firstPauseMs = 100;
const longestPauseMs = 2000;
const drainTurns = 4096; // at most, for what had arrived when the connection ended

export function createLink<Socket extends DealerSocket>(options: LinkOptions<Socket>): Link {
  const { clock, events } = options;
  const letGo = createLettingGo(options.nextTurn);
  let pauseMs = firstPauseMs;
  let closed = false;
  let onClosed = (): void => {};
  let cancelPause = (): void => {};
  let current = begin();

  function begin(): Connection<Socket> {
    const { maxFrameBytes, shelf } = options;
    const send = (frames: Frames): void => void (connection.over || enqueue(connection, frames));
    const connection: Connection<Socket> = {
      socket: options.open(),
      queue: [],
      carriage: createCarriage({ shelf, maxFrameBytes, send }),
      sending: false,
      answered: false,
      over: false,
      cancelTimer: () => {},
    };
    connection.cancelTimer = clock.after(options.answerMs, () => void drainAndEnd(connection, 'no answer'));
    void watch(connection); // before anything can happen to the connection: a refusal takes microseconds
    try {
      options.connect(connection.socket);
    } catch (error) {
      connection.over = true;
      connection.cancelTimer();
      options.close(connection.socket);
      throw error;
    }
    void receiveAll(connection);
    enqueue(connection, hello);
    return connection;
  }

  /** Follows what the I/O thread says of the connection, up to the end that closing the socket brings. */
  async function watch(connection: Connection<Socket>): Promise<void> {
    const observer = connection.socket.events;
    for (;;) {
      const event: SocketEvent | undefined = await observer.receive();
      if (event === undefined || event.type === 'end') return observer.close();
      const refusal = refusalOf(event);
      if (refusal !== null && !closed && !connection.over) events.onRefused?.(...refusal);
      const reason = endOf(event.type);
      if (reason !== null) void drainAndEnd(connection, reason);
    }
  }

  async function receiveAll(connection: Connection<Socket>): Promise<void> {
    while (!connection.over) {
      const frames = await connection.socket.receive().catch(unlessOver(connection));
      if (frames === null || connection.over) return;
      onMessage(connection, frames);
      await letGo(frames);
    }
  }

  function onMessage(connection: Connection<Socket>, frames: Frames): void {
    const signal = signalOf(frames);
    if (signal?.kind === 'farewell') return end(connection, signal.reason);
    if (closed) return;
    if (signal?.kind !== 'hello') return connection.carriage.incoming(frames, onWhole);
    if (connection.answered) return; // a probe
    connection.answered = true;
    connection.cancelTimer();
    connection.carriage.begin();
    events.onConnected();
  }

  function onWhole(frames: Frames): void {
    pauseMs = firstPauseMs; // the hub wants us: it does not only answer hello, to drop us again
    events.onFrames(frames);
  }

  function enqueue(connection: Connection<Socket>, frames: Frames): void {
    connection.queue.push(frames);
    if (!connection.sending) void sendAll(connection);
  }

  async function sendAll(connection: Connection<Socket>): Promise<void> {
    connection.sending = true;
    while (!connection.over && connection.queue.length > 0) {
      const sent = connection.socket.send([...connection.queue.shift()!]);
      await sent.catch(unlessOver(connection));
    }
    connection.sending = false;
  }

  /** What arrived before the end may say why: `finish`, above all. */
  async function drainAndEnd(connection: Connection<Socket>, reason: string): Promise<void> {
    let turn = 0; // one at least, for what was received in this one
    do await options.nextTurn();
    while (++turn < drainTurns && !connection.over && connection.socket.readable);
    end(connection, reason);
  }

  function end(connection: Connection<Socket>, reason: string): void {
    if (connection.over) return;
    connection.over = true;
    connection.cancelTimer();
    connection.carriage.close();
    options.close(connection.socket);
    if (closed) return onClosed();
    cancelPause = clock.after(pauseMs, () => (current = begin()));
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    if (connection.answered) events.onLost(reason);
  }

  return {
    send(frames) {
      assert(signalOf(frames) === null, 'a message begins with a part that is not empty');
      if (current.answered && !current.over && !closed) enqueue(current, current.carriage.outgoing(frames));
    },
    async close() {
      if (closed) return;
      closed = true;
      cancelPause();
      current.cancelTimer();
      if (current.over) return options.shelf?.close();
      const ended = new Promise<void>((resolve) => (onClosed = resolve));
      current.cancelTimer = clock.after(current.answered ? options.farewellMs : 0, () =>
        end(current, 'closed'),
      );
      if (current.answered) enqueue(current, farewell('closed'));
      await ended;
      options.shelf?.close();
    },
  };
}

/** Why an event of the socket means that its connection is over; null if it does not. */
function endOf(event: string): string | null {
  if (event === 'disconnect') return 'the connection is gone';
  if (event === 'close') return 'nobody answers there';
  if (event.startsWith('handshake:error')) return 'the other side speaks another protocol';
  return null;
}

/** What a handshake that failed says of the hub, and whether that will not change; null for any other event. */
function refusalOf({ type, error }: SocketEvent): [reason: string, forGood: boolean] | null {
  if (!type.startsWith('handshake:error')) return null;
  if (type === 'handshake:error:auth') return ['it does not know our key', true];
  if (error?.code === 'ERR_ZMTP_MECHANISM_MISMATCH')
    return ['one side has keys and the other has none', true];
  return ['it ended the handshake: it is no coordinator, or its key is another one than ours says', false];
}

const unlessOver =
  (connection: { readonly over: boolean }) =>
  (error: unknown): null => {
    if (!connection.over) throw error;
    return null;
  };
