/** A stand-in for a bad network: a TCP proxy that cuts, delays, throttles, repeats and corrupts. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

export type Mischief =
  | { readonly kind: 'cut'; readonly everyMs: number; readonly times: number }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number }
  | { readonly kind: 'repeat'; readonly every: number; readonly times: number } // large pieces
  | { readonly kind: 'corrupt'; readonly every: number; readonly times: number } // one bit of large pieces
  | { readonly kind: 'corruptSmall'; readonly every: number; readonly times: number }; // of small ones

export interface Proxy {
  readonly endpoint: string;
  /** How often it did what it is for. */
  readonly done: () => number;
}

const largeBytes = 12_000; // a piece that holds values, most of all
const leastBytes = 60; // of a piece that holds more than a heartbeat

export async function openProxy(target: string, mischief: Mischief, context: TestContext): Promise<Proxy> {
  const { hostname: host, port } = new URL(target);
  const sockets = new Set<Socket>();
  const alter = createAlter(mischief);
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port) });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.once('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      void pass(from, to, alter.pieces);
    }
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  let cuts = 0;
  const cutter =
    mischief.kind === 'cut'
      ? setInterval(() => {
          if (cuts === mischief.times || sockets.size === 0) return;
          cuts += 1;
          for (const socket of sockets) socket.destroy();
        }, mischief.everyMs)
      : undefined;
  context.after(() => {
    clearInterval(cutter);
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const endpoint = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { endpoint, done: () => cuts + alter.done() };
}

/** In order, each piece after the one before it. */
async function pass(
  from: Socket,
  to: Socket,
  pieces: (piece: Buffer) => Promise<readonly Buffer[]>,
): Promise<void> {
  try {
    for await (const piece of from) for (const altered of await pieces(piece as Buffer)) to.write(altered);
  } catch {
    to.destroy(); // as the other end finds out
  }
}

function createAlter(mischief: Mischief) {
  let [seen, done] = [0, 0];
  const isChosen = (piece: Buffer, chosen: { kind: string; every: number; times: number }): boolean => {
    const { kind, every, times } = chosen;
    const isLarge = piece.length >= largeBytes;
    if (kind === 'corruptSmall' ? isLarge || piece.length < leastBytes : !isLarge) return false;
    seen += 1;
    if (seen % every !== 0 || done === times) return false;
    done += 1;
    return true;
  };
  return {
    done: () => done,
    async pieces(piece: Buffer): Promise<readonly Buffer[]> {
      switch (mischief.kind) {
        case 'cut':
          return [piece];
        case 'delay':
          done += 1;
          await delay(mischief.ms * (0.5 + (piece.length % 7) / 7));
          return [piece];
        case 'throttle':
          done += 1;
          await delay((piece.length / mischief.bytesPerSecond) * 1000);
          return [piece];
        case 'repeat':
          return isChosen(piece, mischief) ? [piece, piece] : [piece];
        case 'corrupt':
        case 'corruptSmall':
          if (isChosen(piece, mischief)) piece[piece.length >> 1]! ^= 16;
          return [piece];
        default:
          return mischief satisfies never;
      }
    },
  };
}
