/** An HTTP server of one file, on a free port, that misbehaves as it is told to, a request at a time. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** What becomes of a request; after the last one of the plan, the server does as it should. */
export type Behaviour =
  | { readonly kind: 'serve' }
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'stall'; readonly afterBytes: number }
  | { readonly kind: 'ignore range'; readonly afterBytes?: number }
  | { readonly kind: 'corrupt' }
  | { readonly kind: 'wrong range' }
  | { readonly kind: 'status'; readonly status: number };

export interface FileServer {
  readonly url: string; // of the folder
  /** The Range header of each request so far; null where there was none. */
  readonly ranges: (string | null)[];
}

export async function serveFile(
  context: TestContext,
  content: Buffer,
  plan: readonly Behaviour[],
): Promise<FileServer> {
  const ranges: (string | null)[] = [];
  const left = [...plan];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range ?? null);
    answer(request, response, content, left.shift() ?? { kind: 'serve' });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ranges };
}

const readWithinMs = 300; // what a client has not read when its connection is cut is lost to it

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
  behaviour: Behaviour,
): void {
  if (behaviour.kind === 'status') return void response.writeHead(behaviour.status).end('no');
  const asked = behaviour.kind === 'ignore range' ? undefined : request.headers.range;
  const start = Number(/^bytes=(\d+)-$/.exec(asked ?? '')?.[1] ?? 0);
  if (start >= content.length) return void response.writeHead(416).end();
  const body = Buffer.from(content.subarray(start));
  if (behaviour.kind === 'corrupt') body[body.length >> 1]! ^= 1;
  const first = behaviour.kind === 'wrong range' ? start + 1 : start;
  const headers = { 'content-length': body.length, 'content-type': 'application/octet-stream' };
  if (asked === undefined) response.writeHead(200, headers);
  else {
    const range = `bytes ${first}-${content.length - 1}/${content.length}`;
    response.writeHead(206, { ...headers, 'content-range': range });
  }
  if (!('afterBytes' in behaviour) || behaviour.afterBytes === undefined) return void response.end(body);
  response.write(body.subarray(0, behaviour.afterBytes), () => {
    if (behaviour.kind !== 'stall') setTimeout(() => response.destroy(), readWithinMs);
  });
}
