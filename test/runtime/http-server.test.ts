import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test, type TestContext } from 'node:test';
import { LockstepError } from '../../shared/errors.ts';
import { serveHttp, type HttpOptions } from '../../shared/runtime/http-server.ts';

async function serve(context: TestContext, options: Partial<HttpOptions> & { token?: string } = {}) {
  const server = await serveHttp({
    address: { host: '127.0.0.1', port: 0, orNext: false, token: options.token ?? null },
    route: (path) => (path === '/page' ? { type: 'text/html', body: '<p>here</p>' } : null),
    isReady: () => true,
    onFailure: () => {},
    ...options,
  });
  context.after(() => server.close());
  const url = `http://127.0.0.1:${server.port}`;
  return {
    ...server,
    get: (path: string, init?: RequestInit) => fetch(url + path, { redirect: 'manual', ...init }),
  };
}

/** What fetch would mend on the way: the target, and the Host header. */
function rawStatus(port: number, path: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ port, path, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

test('a page comes with the headers that keep everything foreign out', async (context) => {
  const { get } = await serve(context);
  const reply = await get('/page');
  assert.equal(await reply.text(), '<p>here</p>');
  const policy = reply.headers.get('content-security-policy')!;
  assert.match(policy, /^default-src 'none'; script-src 'self';/);
  assert.doesNotMatch(policy, /unsafe|http|\*/);
  assert.equal(reply.headers.get('x-content-type-options'), 'nosniff');
});

test('liveness and readiness need no token, and say nothing else', async (context) => {
  let isReady = false;
  const { get } = await serve(context, { token: 'a-token-of-sixteen-or-more', isReady: () => isReady });
  assert.deepEqual([(await get('/healthz')).status, (await get('/readyz')).status], [200, 503]);
  isReady = true;
  assert.equal(await (await get('/readyz')).text(), 'ok\n');
  const refused = await get('/page');
  assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Bearer']);
});

test('the token in the address becomes a cookie, and leaves the address', async (context) => {
  const token = 'a-token-of-sixteen-or-more';
  const { get, port } = await serve(context, { token });
  const login = await get(`/page?token=${token}`);
  assert.deepEqual([login.status, login.headers.get('location')], [303, './page']);
  const cookie = login.headers.get('set-cookie')!.split(';')[0]!;
  assert.ok(cookie.startsWith(`lockstep_${port}=`));
  assert.equal((await get('/page', { headers: { cookie } })).status, 200);
});

test('what is not asked for properly is refused, and nothing is written', async (context) => {
  const { get, port } = await serve(context);
  assert.equal((await get('/page', { method: 'POST' })).status, 405);
  assert.equal((await get('/nothing')).status, 404);
  assert.equal((await get('/../../etc/passwd')).status, 404);
  assert.equal(await rawStatus(port, '//evil/page', 'localhost'), 400);
  assert.equal(await rawStatus(port, '/page', 'evil.example'), 403);
  assert.equal(await rawStatus(port, '/page', 'localhost'), 200);
});

test('a route that fails is answered with 500, and the server lives', async (context) => {
  const failures: unknown[] = [];
  const route = (path: string) => {
    if (path === '/bad') throw new Error('it broke');
    return { type: 'text/plain', body: 'good' };
  };
  const { get } = await serve(context, { route, onFailure: (error) => failures.push(error) });
  assert.equal((await get('/bad')).status, 500);
  assert.equal(await (await get('/good')).text(), 'good');
  assert.equal(failures.length, 1);
});

test('a port that was asked for and is taken is an error with the remedy; else the next is taken', async (context) => {
  const { port } = await serve(context);
  const address = { host: '127.0.0.1', port, orNext: false, token: null };
  const options = { route: () => null, isReady: () => true, onFailure: () => {} };
  await assert.rejects(
    serveHttp({ address, ...options }),
    (error) => error instanceof LockstepError && error.exitCode === 69 && /--http-port/.test(error.message),
  );
  const both = [null, port].map((wanted) =>
    serveHttp({ address: { ...address, port: wanted, orNext: true }, ...options }),
  );
  const [first, second] = await Promise.all(both);
  assert.notEqual(first!.port, second!.port);
  await Promise.all([first!.close(), second!.close()]);
});
