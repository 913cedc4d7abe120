/** Where a coordinator listens, and to whom: the flags, and what they come to. */
import { isIPv4, isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import type { Argv } from 'yargs';
import { usageError } from '../../shared/errors.ts';
import { checkEndpoint, createFreshKeys, readServerKeys } from '../../shared/runtime/key-files.ts';
import { exposed, hostOf, isLoopback } from '../../shared/transport/keys.ts';
import type { BindOptions } from '../../shared/transport/transport.ts';
import { createKeyPair } from '../../shared/transport/zeromq.ts';
import { textFlag, type Arguments } from './config-flags.ts';

export interface Listening {
  readonly host: string; // an address of this machine; in brackets where it is one of IPv6
  readonly port: number | null; // as `ListenAddress`
  readonly keys: BindOptions['keys'];
  readonly insecure: boolean;
  readonly notices: readonly string[]; // to be told at the start of the run
  /** To be told where workers can connect, as soon as they can. */
  readonly announce?: (endpoint: string) => void;
}

const run = { group: 'Run:' } as const;

export function addListenFlags<T>(yargs: Argv<T>): Argv<T> {
  yargs
    .option('host', {
      ...run,
      describe: 'address to listen on, 0.0.0.0 or :: for all; other machines need --keys',
      defaultDescription: 'that of --keys, else 127.0.0.1',
    })
    .option('keys', {
      ...run,
      describe: "the coordinator's file of lockstep keygen: encrypts, and keeps strangers out",
    })
    .option('connection', {
      ...run,
      describe:
        "instead of --keys: makes keys for this run alone, and writes the workers' file once they can connect",
    })
    .option('connection-host', {
      ...run,
      describe: 'with --connection: this machine as its workers know it',
      defaultDescription: 'its name',
    })
    .option('insecure', { ...run, type: 'boolean', describe: 'be reached from other machines without keys' });
  return yargs;
}

/**
 * @param port as --port says
 * @throws LockstepError 64 for an address that strangers would reach, 78 for a file of keys that is none
 */
export function listeningOf(given: Arguments, port: number | null): Listening {
  const connection = textFlag(given, 'connection');
  if (connection !== null) return freshListening(given, connection, port);
  if (textFlag(given, 'connection-host') !== null)
    throw usageError('--connection-host is of the file that --connection writes: give that, too');
  const file = textFlag(given, 'keys');
  const saved = file === null ? null : readServerKeys(file);
  const host = checkHost(textFlag(given, 'host') ?? hostOfKeys(saved?.endpoint ?? null, file));
  const insecure = given['insecure'] === true;
  if (insecure && saved !== null)
    throw usageError('--insecure and --keys exclude each other: leave out either');
  const isOpen = saved === null && !isLoopback(host);
  if (isOpen && !insecure) throw usageError(exposed(`--host ${host}`));
  const notices = isOpen
    ? [`--insecure: whoever reaches ${host} may take part in this run, and read along`]
    : saved === null
      ? []
      : [`only workers with the connection file of ${saved.runId} get in`];
  return { host, port: port ?? portOfKeys(saved?.endpoint ?? null), keys: saved?.keys, insecure, notices };
}

/** With keys that end with the run. Whoever waits for the file knows by it that workers can come. */
function freshListening(given: Arguments, file: string, port: number | null): Listening {
  for (const name of ['keys', 'insecure']) {
    if (given[name] === undefined) continue;
    throw usageError(`--connection and --${name} exclude each other: leave out either`);
  }
  const known = textFlag(given, 'connection-host') ?? hostname();
  const name = isIPv6(bare(known)) ? `[${bare(known)}]` : known;
  checkEndpoint(`tcp://${name}:5770`, '--connection-host');
  const { runId, keys, writeConnection } = createFreshKeys(createKeyPair);
  return {
    host: checkHost(textFlag(given, 'host') ?? (name.startsWith('[') ? '::' : '0.0.0.0')),
    port: port ?? 0,
    keys,
    insecure: false,
    notices: [`only workers with the connection file of ${runId} get in: ${file}`],
    announce: (endpoint) => writeConnection(file, `tcp://${name}:${new URL(endpoint).port}`),
  };
}

/** The one that workers know, where it is an address of a machine and not its name. */
function hostOfKeys(endpoint: string | null, file: string | null): string {
  if (endpoint === null) return '127.0.0.1';
  const host = hostOf(endpoint);
  if (isIPv4(host) || isIPv6(bare(host)) || isLoopback(host)) return host;
  throw usageError(
    `--host must be given, since ${file} names ${host}: the address to listen on, or 0.0.0.0 for all`,
  );
}

const portOfKeys = (endpoint: string | null): number | null =>
  endpoint === null ? null : Number(/:(\d+)$/.exec(endpoint)?.[1]);

function checkHost(host: string): string {
  if (host === 'localhost') return '127.0.0.1'; // ZeroMQ listens on no names
  if (isIPv4(host)) return host;
  if (isIPv6(bare(host))) return `[${bare(host)}]`;
  throw usageError(
    `--host got ${JSON.stringify(host)}, expected an address of this machine, or 0.0.0.0 (::) for all`,
  );
}

const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');
