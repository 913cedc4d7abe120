/**
 * Keys on disk: one file for the coordinator, one for its workers, each readable by its owner alone.
 *
 * The coordinator's file holds its secret key and the public keys of those who may come in. The connection file
 * holds all that a worker needs: where the coordinator is, its public key, and a pair of keys to come in with.
 * Keys travel in these files only: never in a command line, which other users see, or in a variable, which
 * children inherit. The run id tells people, and nobody else, which two files belong together.
 */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { z } from 'zod';
import { writeWhollySync } from '../data/atomic-file.ts';
import { configurationError, LockstepError, runError, usageError } from '../errors.ts';
import type { BindOptions, ConnectOptions, KeyPair } from '../transport/transport.ts';
import { keyPattern } from '../transport/z85.ts';

const key = z.string().regex(keyPattern);
const shared = {
  version: z.literal(1),
  runId: z.uuid(),
  endpoint: z.string().max(256),
  serverPublicKey: key,
};
const serverSchema = z.strictObject({
  kind: z.literal('lockstep server keys'),
  ...shared,
  serverSecretKey: key,
  allowedKeys: z.array(key).min(1).max(4096),
});
const connectionSchema = z.strictObject({
  kind: z.literal('lockstep connection'),
  ...shared,
  clientPublicKey: key,
  clientSecretKey: key,
});

export interface ServerKeys {
  readonly runId: string;
  readonly endpoint: string; // where workers connect to
  readonly keys: NonNullable<BindOptions['keys']>;
}

export interface Connection {
  readonly runId: string;
  readonly endpoint: string;
  readonly keys: NonNullable<ConnectOptions['keys']>;
}

const largestFile = 256 * 1024; // bytes
const ownerOnly = 0o600;
const endpointPattern = /^tcp:\/\/(?:\[[\da-f:.]+\]|[^\s:/@[\]]+):(\d{1,5})$/i;

/** The coordinator's file that belongs to a connection file: `box.json` and `box.server.json`. */
export const serverFileOf = (connectionFile: string): string =>
  /\.[^./\\]+$/.test(connectionFile)
    ? connectionFile.replace(/(\.[^./\\]+)$/, '.server$1')
    : `${connectionFile}.server`;

/** @returns the endpoint. @throws LockstepError (64) where it is none that a worker could connect to */
export function checkEndpoint(endpoint: string, flag = '--endpoint'): string {
  const port = Number(endpointPattern.exec(endpoint)?.[1] ?? 0);
  if (port >= 1 && port <= 65_535) return endpoint;
  throw usageError(`${flag} got ${JSON.stringify(endpoint)}, expected such as tcp://10.0.0.5:5770`);
}

/**
 * Writes both files, each under a name that was free; where one fails, neither is left.
 * @throws LockstepError 64 where one of the names is taken, 1 where it cannot be written
 */
export function writeKeyFiles(
  connectionFile: string,
  endpoint: string,
  createKeyPair: () => KeyPair,
): string {
  const { server, connection } = makeKeyTexts(endpoint, createKeyPair);
  const serverFile = serverFileOf(connectionFile);
  writeSecret(serverFile, server);
  try {
    writeSecret(connectionFile, connection);
  } catch (error) {
    rmSync(serverFile);
    throw error;
  }
  return serverFile;
}

/** What is in both files. */
export interface KeyTexts {
  readonly server: string;
  readonly connection: string;
}

/** Keys that never were on this disk, for whoever takes them elsewhere. */
export function makeKeyTexts(endpoint: string, createKeyPair: () => KeyPair): KeyTexts {
  const [server, client] = [createKeyPair(), createKeyPair()];
  const common = { version: 1, runId: randomUUID(), endpoint, serverPublicKey: server.publicKey } as const;
  const serverKeys: z.infer<typeof serverSchema> = {
    kind: 'lockstep server keys',
    ...common,
    serverSecretKey: server.secretKey,
    allowedKeys: [client.publicKey],
  };
  return { server: textOf(serverKeys), connection: connectionText(common, client) };
}

type Common = Pick<z.infer<typeof connectionSchema>, 'version' | 'runId' | 'endpoint' | 'serverPublicKey'>;

function connectionText(common: Common, client: KeyPair): string {
  const connection: z.infer<typeof connectionSchema> = {
    kind: 'lockstep connection',
    ...common,
    clientPublicKey: client.publicKey,
    clientSecretKey: client.secretKey,
  };
  return textOf(connection);
}

const textOf = (content: object): string => `${JSON.stringify(content, null, 2)}\n`;

/** Keys of one run that is about to begin, which no file holds: its workers' file is written once it listens. */
export interface FreshKeys {
  readonly runId: string;
  readonly keys: NonNullable<BindOptions['keys']>;
  /** Writes the connection file, in place of one that is there. @throws LockstepError (1) where it cannot be */
  writeConnection(path: string, endpoint: string): void;
}

export function createFreshKeys(createKeyPair: () => KeyPair): FreshKeys {
  const [server, client] = [createKeyPair(), createKeyPair()];
  const runId = randomUUID();
  return {
    runId,
    keys: { ...server, allowed: [client.publicKey] },
    writeConnection(path, endpoint) {
      const common = { version: 1, runId, endpoint, serverPublicKey: server.publicKey } as const;
      const whole = `${path}.partial`; // who waits for the file finds all of it
      rmSync(whole, { force: true });
      writeSecret(whole, connectionText(common, client));
      renameSync(whole, path);
    },
  };
}

/** @throws LockstepError (78) where it cannot be read, others could read it too, or it is no such file */
export function readServerKeys(path: string): ServerKeys {
  const { runId, endpoint, serverPublicKey, serverSecretKey, allowedKeys } = readSecret(
    path,
    serverSchema,
    'the file of a coordinator, as lockstep keygen writes it',
  );
  const keys = { publicKey: serverPublicKey, secretKey: serverSecretKey, allowed: allowedKeys };
  return { runId, endpoint, keys };
}

/** @throws LockstepError (78) as `readServerKeys` */
export function readConnection(path: string): Connection {
  const { runId, endpoint, serverPublicKey, clientPublicKey, clientSecretKey } = readSecret(
    path,
    connectionSchema,
    'a connection file, as lockstep keygen writes it',
  );
  const keys = { publicKey: clientPublicKey, secretKey: clientSecretKey, serverKey: serverPublicKey };
  return { runId, endpoint, keys };
}

/**
 * Opens what was not there before, and what no link leads to; the mode does not depend on the umask.
 * @throws LockstepError 64 where the name is taken, 1 where it cannot be written
 */
export function writeSecret(path: string, text: string): void {
  let file: number | null = null;
  try {
    file = openSync(path, 'wx', ownerOnly);
    fchmodSync(file, ownerOnly);
    writeWhollySync(file, Buffer.from(text));
    fsyncSync(file);
  } catch (error) {
    if (file !== null) rmSync(path, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw usageError(`${path} is there already, and keys are never overwritten: give another name`);
    throw runError(`${path} cannot be written (${message}): give another name`);
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** What is wrong is said without a word of the content. */
function readSecret<T>(path: string, schema: z.ZodType<T>, expected: string): T {
  const refuse = (why: string): LockstepError => configurationError(`${path}: ${why}; expected ${expected}`);
  let text: string;
  try {
    text = readOwn(path, refuse);
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    throw refuse(reasons[(error as NodeJS.ErrnoException).code ?? ''] ?? String(error));
  }
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw refuse(
    issue === undefined || issue.path.length === 0 ? 'is none' : `${issue.path.join('.')} is not valid`,
  );
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a folder',
  EACCES: 'it may not be read',
};

function readOwn(path: string, refuse: (why: string) => LockstepError): string {
  const file = openSync(path, 'r');
  try {
    const status = fstatSync(file); // of what is read, not of what has the name by now
    if (!status.isFile() || status.size > largestFile) throw refuse('is no file of keys');
    const others = status.mode & 0o077;
    if (others !== 0 && process.platform !== 'win32')
      throw refuse(`others may read or write it (mode ${(status.mode & 0o777).toString(8)}): chmod 600 it`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the parser's message would quote the text
  }
}
