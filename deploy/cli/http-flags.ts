/** The flags of the live page and the metrics, and what they come to. */
import { join } from 'node:path';
import type { Argv } from 'yargs';
import type { ServingRequest } from '../../coordinator/serving/serving.ts';
import { usageError } from '../../shared/errors.ts';
import { readTokenFile } from '../../shared/runtime/http-access.ts';
import { isLoopback } from '../../shared/transport/keys.ts';
import { findPaths } from '../setup/paths.mjs';
import { textFlag, type Arguments } from './config-flags.ts';

/** As they were given, for whoever starts the same run again; null where they were not. */
export interface HttpFlags {
  readonly host: string | null;
  readonly port: string | null;
  readonly tokenFile: string | null;
  readonly targetsDir: string | null;
  readonly linger: string | null;
}

const names = {
  host: 'http-host',
  port: 'http-port',
  tokenFile: 'http-token-file',
  targetsDir: 'targets-dir',
  linger: 'linger',
} as const satisfies Record<keyof HttpFlags, string>;

const group = 'Live page and metrics:';

export function addHttpFlags<T>(yargs: Argv<T>): void {
  yargs
    .option(names.port, {
      group,
      describe: 'of the live page and the metrics; N+ for the first free one from N on, none for neither',
      defaultDescription: '5771+',
    })
    .option(names.host, {
      group,
      describe: 'address that they are served on; another than loopback needs a token',
      defaultDescription: '127.0.0.1',
    })
    .option(names.tokenFile, {
      group,
      describe: 'file with the token that their readers need; made where there is none',
    })
    .option(names.targetsDir, {
      group,
      describe: "folder of Prometheus's target files, shared by all runs; none for no file",
      defaultDescription: "targets/ in lockstep's cache",
    })
    .option(names.linger, {
      group,
      describe:
        'seconds for which the last figures are served after the end, also when it failed; not after Ctrl-C',
      defaultDescription: '0',
    });
}

export const httpFlagsOf = (given: Arguments): HttpFlags => ({
  host: textFlag(given, names.host),
  port: textFlag(given, names.port),
  tokenFile: textFlag(given, names.tokenFile),
  targetsDir: textFlag(given, names.targetsDir),
  linger: textFlag(given, names.linger),
});

/** The words that mean these flags, for the same place again if it is free. @param port that was taken */
export function httpWords(flags: HttpFlags, port: number | null): string[] {
  const isFree = flags.port === null || flags.port.endsWith('+');
  const known = { ...flags, port: isFree && port !== null ? `${port}+` : flags.port };
  return (Object.keys(names) as (keyof HttpFlags)[]).flatMap((key) => {
    const value = known[key];
    return value === null ? [] : [`--${names[key]}`, value];
  });
}

/** Where all runs of this installation put their target files. */
export const targetsFolder = (): string => join(findPaths().cache, 'targets');

/** @throws LockstepError 64 for values that cannot be, 78 for a token file that others may read */
export function servingRequestOf(flags: HttpFlags): ServingRequest {
  const host = flags.host ?? '127.0.0.1';
  const lingerSeconds = naturalOf(names.linger, flags.linger ?? '0', 86_400);
  const dir = flags.targetsDir ?? targetsFolder();
  const request = { targetsFolder: dir === 'none' ? null : dir, lingerSeconds };
  if (flags.port === 'none') return { ...request, address: null };
  const [, number, orNext] = /^(.*?)(\+?)$/.exec(flags.port ?? '+')!;
  const port = number === '' && orNext === '+' ? null : naturalOf(names.port, number!, 65_535);
  if (flags.tokenFile === null && !isLoopback(host)) {
    throw usageError(
      `--http-host ${host} can be reached from other boxes, so readers need a token: ` +
        'add --http-token-file FILE, which is made where there is none',
    );
  }
  const token = flags.tokenFile === null ? null : readTokenFile(flags.tokenFile);
  return { ...request, address: { host, port, orNext: orNext === '+', token } };
}

function naturalOf(name: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= most) return value;
  throw usageError(`--${name} got ${JSON.stringify(text)}, expected an integer from 0 to ${most}`);
}
