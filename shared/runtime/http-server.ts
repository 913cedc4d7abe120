/**
 * A small HTTP server for one process's figures and pages: GET only, nothing is kept, nothing is written.
 *
 * Whoever serves hands in routes; here are the port, the door (http-access.ts), and the headers that keep a
 * browser from running or loading anything that is not this server's own. `/healthz` says that the process is
 * alive and `/readyz` whether it does its work; they need no token and say nothing else.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { unavailableError } from '../errors.ts';
import { isLoopback } from '../transport/keys.ts';
import { createDoor, type Door } from './http-access.ts';

export interface HttpAddress {
  readonly host: string;
  readonly port: number | null; // null: 5771; 0: any
  readonly orNext: boolean; // where it is taken, the next free one
  readonly token: string | null; // whoever reads needs it; a must where `host` is not loopback
}

/** What a route answers: a body, or `stream`, which keeps the response and writes to it as it likes. */
export type Reply =
  | { readonly type: string; readonly body: string | Uint8Array; readonly status?: number }
  | { readonly stream: (response: ServerResponse) => void };

export type Route = (path: string) => Reply | null | Promise<Reply | null>;

export interface HttpServer {
  readonly host: string; // that it listens on
  readonly port: number;
  close(): Promise<void>;
}

export interface HttpOptions {
  readonly address: HttpAddress;
  readonly route: Route; // null: there is no such thing
  readonly isReady: () => boolean;
  readonly onFailure: (error: unknown) => void; // of a route: the reader is told 500
}

const firstPort = 5771;
const portCount = 100;
const headersTimeoutMs = 5000;
const connectionsMax = 64;

const safety = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** @throws LockstepError (69) when no port can be had */
export async function serveHttp(options: HttpOptions): Promise<HttpServer> {
  const { host, token } = options.address;
  const server = createServer({ connectionsCheckingInterval: headersTimeoutMs });
  server.headersTimeout = headersTimeoutMs;
  server.maxConnections = connectionsMax;
  const port = await listen(server, options.address);
  const door = createDoor(token, isLoopback(host), `lockstep_${port}`);
  server.on('request', (request, response) => {
    void answer(request, response, door, options).catch((error: unknown) => {
      options.onFailure(error);
      if (response.headersSent) response.destroy();
      else send(response, 500, 'text/plain', 'this went wrong; the log of the coordinator says why\n');
    });
  });
  return {
    host,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server, { host, port, orNext }: HttpAddress): Promise<number> {
  const first = port ?? firstPort;
  const last = orNext ? first + portCount - 1 : first;
  for (let candidate = first; ; candidate += 1) {
    try {
      await bind(server, host, candidate);
      return (server.address() as AddressInfo).port;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (candidate < last && (code === 'EADDRINUSE' || code === 'EACCES')) continue;
      throw unavailableError(
        `cannot serve HTTP on ${host}:${candidate} (${message}); choose another --http-port or --http-host`,
      );
    }
  }
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  door: Door,
  { route, isReady }: HttpOptions,
): Promise<void> {
  const url = readUrl(request.url ?? '');
  if (url === null) return send(response, 400, 'text/plain', 'expected a path\n');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return send(response, 405, 'text/plain', 'expected GET\n');
  if (url.pathname === '/healthz') return send(response, 200, 'text/plain', 'ok\n');
  if (url.pathname === '/readyz')
    return send(response, isReady() ? 200 : 503, 'text/plain', isReady() ? 'ok\n' : 'not yet\n');
  const admission = door.admit(request.headers, url);
  if (admission.kind === 'refused') {
    if (admission.status === 401) response.setHeader('www-authenticate', 'Bearer');
    return send(response, admission.status, 'text/plain', `${admission.reason}\n`);
  }
  if (admission.kind === 'login') {
    response.setHeader('set-cookie', admission.cookie).setHeader('location', `.${url.pathname}`);
    return send(response, 303, 'text/plain', '');
  }
  const reply = await route(url.pathname);
  if (reply === null) return send(response, 404, 'text/plain', 'there is no such page\n');
  if ('body' in reply) return send(response, reply.status ?? 200, reply.type, reply.body);
  response.writeHead(200, { ...safety, 'content-type': 'text/event-stream; charset=utf-8' });
  reply.stream(response);
}

/** The path and query of a request line, in the shape of a URL; null for nonsense. */
function readUrl(target: string): URL | null {
  if (!target.startsWith('/') || target.startsWith('//') || !URL.canParse(target, 'http://host')) return null;
  return new URL(target, 'http://host');
}

function send(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  const charset =
    /^(text\/|application\/json)/.test(type) && !type.includes('charset') ? '; charset=utf-8' : '';
  response.writeHead(status, {
    ...safety,
    'content-type': type + charset,
    'content-length': Buffer.byteLength(body),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
