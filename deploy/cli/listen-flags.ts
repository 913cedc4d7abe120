/** Where a coordinator listens, and to whom: the flags, and what they come to. */
import { isIPv4, isIPv6 } from 'node:net';
import type { Argv } from 'yargs';
import { usageError } from '../../shared/errors.ts';
import { readServerKeys } from '../../shared/runtime/key-files.ts';
import { exposed, hostOf, isLoopback } from '../../shared/transport/keys.ts';
import type { BindOptions } from '../../shared/transport/transport.ts';
import { textFlag, type Arguments } from './config-flags.ts';

export interface Listening {
  readonly host: string; // an address of this machine; in brackets where it is one of IPv6
  readonly port: number | null; // as `ListenAddress`
  readonly keys: BindOptions['keys'];
  readonly insecure: boolean;
  readonly notices: readonly string[]; // to be told at the start of the run
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
    .option('insecure', { ...run, type: 'boolean', describe: 'be reached from other machines without keys' });
  return yargs;
}

/**
 * @param port as --port says
 * @throws LockstepError 64 for an address that strangers would reach, 78 for a file of keys that is none
 */
export function listeningOf(given: Arguments, port: number | null): Listening {
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
