/**
 * Whether one box reaches a port of another, and is heard: the one opens it and sends back what it is sent. It is
 * the port that the coordinator will listen on, so a firewall in between shows before anything is started.
 */
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { firstPort, portCount } from '../../../coordinator/listening.ts';
import { LockstepError, unavailableError } from '../../../shared/errors.ts';
import type { Clock } from '../../../shared/runtime/clock.ts';
import type { Answer, Check } from './schema.ts';

const reachTimeoutMs = 10_000;
const longestNonce = 64;

let opened: Server | null = null;

/** @param port null: the first free one from 5770. @throws LockstepError (69) where it is taken */
export async function openPort(host: string, port: number | null): Promise<Answer<'open'>> {
  await closePort();
  const last = port ?? firstPort + portCount - 1;
  for (let candidate = port ?? firstPort; ; candidate++) {
    const found = await listen(host, candidate);
    if (typeof found !== 'string') {
      opened = found;
      return { host, port: (found.address() as AddressInfo).port };
    }
    if (found === 'EADDRNOTAVAIL' && host !== '0.0.0.0') return openPort('0.0.0.0', port); // behind a translation
    if (found === 'EADDRINUSE' && candidate < last) continue;
    throw unavailableError(
      `port ${candidate} cannot be listened on (${found}): give --coordinator HOST:PORT`,
    );
  }
}

export async function closePort(): Promise<null> {
  const server = opened;
  opened = null;
  if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  return null;
}

/** @returns the server, or the code of why there is none */
function listen(host: string, port: number): Promise<Server | string> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.setTimeout(reachTimeoutMs, () => socket.destroy());
      socket.once('data', (nonce) => socket.end(nonce.subarray(0, longestNonce)));
    });
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'unknown'));
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

/** @throws LockstepError (69) where there is no answer, or another one */
export async function reach(
  { host, port, nonce }: Extract<Check, { what: 'reach' }>,
  clock: Clock,
): Promise<Answer<'reach'>> {
  const beganMs = clock.nowMs();
  const heard = await new Promise<string | LockstepError>((resolve) => {
    const socket = connect({ host, port });
    const refuse = (why: string): void => {
      socket.destroy();
      resolve(unreached(host, port, why));
    };
    socket.setTimeout(reachTimeoutMs, () => refuse(`no answer in ${reachTimeoutMs / 1000} s`));
    socket.once('error', ({ code, message }: NodeJS.ErrnoException) => refuse(code ?? message));
    socket.once('connect', () => socket.write(nonce));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
    socket.once('end', () => refuse('it hung up'));
  });
  if (heard instanceof LockstepError) throw heard;
  if (heard !== nonce) throw unreached(host, port, 'somebody else answers there');
  return { ms: clock.nowMs() - beganMs };
}

const unreached = (host: string, port: number, why: string): LockstepError =>
  unavailableError(
    `${host}:${port} is not reached from here (${why}): open the port in the firewall, or give --address, the ` +
      "coordinator's address as the other boxes see it",
  );
