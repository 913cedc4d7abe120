/**
 * Who may read what the HTTP server says. On a loopback address everybody on this box may, but no page of a
 * foreign site that a browser here has open: the Host header must name this box, so a name that somebody else
 * points here (DNS rebinding) is refused. With a token, whoever has it: a program as `Authorization: Bearer`, a
 * person once as `?token=` in the address bar, which becomes a cookie. Comparisons take the same time for every
 * wrong token, and the cookie is not the token.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { configurationError, usageError } from '../errors.ts';

export type Admission =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly status: 401 | 403; readonly reason: string }
  | { readonly kind: 'login'; readonly cookie: string }; // send the browser on, with this Set-Cookie

export interface Door {
  admit(headers: IncomingHttpHeaders, url: URL): Admission;
}

const allowed: Admission = { kind: 'allowed' };
const loopbackNames = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;
const tokenPattern = /^[\x21-\x7e]{16,256}$/;
const tokenBytes = 24; // of one that is made here

/** @param cookieName of the token's cookie: cookies know no ports, so it must differ from server to server */
export function createDoor(token: string | null, isLocal: boolean, cookieName: string): Door {
  if (token === null) {
    return {
      admit({ host = '' }) {
        if (!isLocal || loopbackNames.test(host)) return allowed;
        return {
          kind: 'refused',
          status: 403,
          reason: `this server is not ${host}: ask for it as localhost`,
        };
      },
    };
  }
  const ticket = digest(`cookie of ${token}`).toString('hex');
  return {
    admit({ authorization, cookie }, url) {
      const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
      if (bearer !== undefined && same(bearer, token)) return allowed;
      const given = url.searchParams.get('token');
      if (given !== null && same(given, token))
        return { kind: 'login', cookie: `${cookieName}=${ticket}; HttpOnly; SameSite=Lax; Path=/` };
      const shown = cookieOf(cookie ?? '', cookieName);
      if (shown !== null && same(shown, ticket)) return allowed;
      const reason =
        'a token is needed: as Authorization: Bearer TOKEN, or once as ?token=TOKEN in a browser';
      return { kind: 'refused', status: 401, reason };
    },
  };
}

function cookieOf(header: string, name: string): string | null {
  for (const part of header.split(';')) {
    const [key = '', value = ''] = part.trim().split('=');
    if (key === name) return value;
  }
  return null;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const same = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/**
 * The token in a file that nobody else may read; makes one where there is none.
 * @throws LockstepError 64 when it cannot be read or made, 78 when others may read it or it holds no token
 */
export function readTokenFile(path: string): string {
  makeTokenFile(path);
  try {
    const { mode } = lstatSync(path);
    if ((mode & 0o077) !== 0 && process.platform !== 'win32') {
      throw configurationError(
        `--http-token-file ${path} has mode ${(mode & 0o777).toString(8)}, expected 600, since others must ` +
          `not read it: chmod 600 ${path}`,
      );
    }
    const token = readFileSync(path, 'utf8').trim();
    if (tokenPattern.test(token)) return token;
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw usageError(`--http-token-file ${path} cannot be read (${error.message}); name another file`);
  }
  throw configurationError(
    `--http-token-file ${path} holds no token, expected one line of 16 to 256 letters, digits and signs: ` +
      'remove the file, and one is made',
  );
}

function makeTokenFile(path: string): void {
  try {
    writeFileSync(path, `${randomBytes(tokenBytes).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    throw usageError(`--http-token-file ${path} cannot be made (${message}); name another file`);
  }
}
