/** What `lockstep launch` was asked to do, read and checked, before anything has happened. */
import { realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import { usageError } from '../../shared/errors.ts';
import { checkEndpoint } from '../../shared/runtime/key-files.ts';
import { clusterPlaceOf } from '../cli/cluster-variables.ts';
import { listFlag, textFlag, type Arguments } from '../cli/config-flags.ts';
import { findPaths } from '../setup/paths.mjs';
import { bareName, hostsOf, isHere, parseHost, slurmHosts, type Host } from './hosts.ts';
import { splitWords, type PlaceOptions } from './place.ts';

/** Where, and how to get there: what every use of several boxes needs. */
export interface Boxes {
  readonly hosts: readonly Host[];
  readonly workersPerBox: number | null; // where -H says nothing; null: one for each GPU, else for each core
  readonly place: PlaceOptions;
  readonly environment: Readonly<Record<string, string>>; // for every process of the run
}

/** What workers do about data that they may not see, as flags of worker say it. */
export interface DataWords {
  readonly mode: 'look' | 'stream' | 'copy';
  readonly dir: string | null; // of copies
  readonly words: readonly string[];
}

export interface LaunchRequest extends Boxes {
  readonly data: DataWords;
  readonly coordinator: string; // the name of its box
  readonly port: number | null; // of the coordinator; null: the first free one from 5770
  readonly sharedFile: string | null; // that the coordinator's box must see too
  readonly address: string | null; // of the coordinator, as workers see it; null: the name of its box
}

const defaultTimeoutSeconds = 150;

/** @throws LockstepError 64, 65 for a file of boxes */
export function boxesOf(given: Arguments, environment: NodeJS.ProcessEnv, entry: string): Boxes {
  const real = realpathSync(entry);
  const remoteDir = textFlag(given, 'remote-dir');
  const remoteCommand = textFlag(given, 'remote-command');
  if (remoteDir !== null && remoteCommand !== null)
    throw usageError('--remote-dir and --remote-command exclude each other: leave out either');
  return {
    hosts: hostsOf(listFlag(given, 'hosts'), textFlag(given, 'hostfile'), () => slurmHosts(environment)),
    workersPerBox: workersPerBoxOf(textFlag(given, 'nproc-per-node')),
    environment: exportsOf(listFlag(given, 'export'), environment),
    place: {
      entry: remoteDir === null ? real : join(remoteDir, relative(findPaths().root, real)),
      localEntry: real,
      environment,
      ssh: splitWords(textFlag(given, 'ssh') ?? 'ssh'),
      remoteCommand,
      folder: process.cwd(),
      timeoutSeconds: secondsOf(textFlag(given, 'box-timeout')),
    },
  };
}

/** @throws LockstepError as `boxesOf` */
export function launchRequestOf(
  given: Arguments,
  environment: NodeJS.ProcessEnv,
  entry: string,
): LaunchRequest {
  const boxes = boxesOf(given, environment, entry);
  const text = textFlag(given, 'coordinator') ?? masterOf(environment);
  const asked = text === null ? { ...boxes.hosts[0]!, slots: null } : endpointOf(text);
  const port = asked.slots;
  const name = boxes.hosts.find((host) => bareName(host.name) === asked.name)?.name ?? asked.name;
  const address = textFlag(given, 'address');
  if (address !== null) checkAddress(address);
  const isSpread = boxes.hosts.some((host) => host.name !== name);
  if (address === null && isSpread && ['localhost', '127.0.0.1'].includes(name)) {
    throw usageError(
      `${name} is where the coordinator runs, and the other boxes know it under no such name: ` +
        'give --address, its address as they see it',
    );
  }
  return {
    ...boxes,
    data: dataWordsOf(given),
    coordinator: name,
    port,
    address,
    sharedFile: textFlag(given, 'shared-file'),
  };
}

/** Whether the coordinator and its workers are all on one box, and need no network. */
export const isOneBox = ({ hosts, coordinator }: LaunchRequest): boolean =>
  hosts.every(({ name }) => name === coordinator || (isHere(name) && isHere(coordinator)));

/** How workers come by rows that their box does not have. @throws LockstepError (64) */
export function dataWordsOf(given: Arguments): DataWords {
  const [copies, streams] = [given['copyData'] === true, given['streamData'] === true];
  if (copies && streams)
    throw usageError('--copy-data and --stream-data exclude each other: leave out either');
  const dir = textFlag(given, 'data-dir');
  const mode = copies ? 'copy' : streams ? 'stream' : 'look';
  const words = mode === 'look' ? [] : [`--${mode}-data`];
  return { mode, dir, words: dir === null ? words : [...words, '--data-dir', dir] };
}

function endpointOf(text: string): Host {
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(text)!;
  const { name } = parseHost(host, '--coordinator');
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
    throw usageError(`--coordinator got ${JSON.stringify(text)}, expected a box, or a box and a port`);
  return { name, slots: port === undefined ? null : Number(port) };
}

/** Where torchrun's variables put rank 0. @throws LockstepError (78) for what is no port */
function masterOf(environment: NodeJS.ProcessEnv): string | null {
  const { endpoint } = clusterPlaceOf(environment);
  if (endpoint === null) return null;
  return environment['MASTER_PORT'] ? endpoint.replace('tcp://', '') : environment['MASTER_ADDR']!;
}

function checkAddress(address: string): void {
  try {
    checkEndpoint(`tcp://${address}:5770`);
  } catch {
    throw usageError(`--address got ${JSON.stringify(address)}, expected a name or an IPv4 address`);
  }
}

function workersPerBoxOf(text: string | null): number | null {
  if (text === null || text === 'auto' || text === 'gpu') return null;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw usageError(`--nproc-per-node got ${JSON.stringify(text)}, expected auto, or a number of workers`);
}

function secondsOf(text: string | null): number {
  if (text === null) return defaultTimeoutSeconds;
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) >= 1) return Number(text);
  throw usageError(`--box-timeout got ${JSON.stringify(text)}, expected seconds, from 1 on`);
}

/** `NAME=VALUE`, or `NAME` for the value that it has here. */
function exportsOf(texts: readonly string[], environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name = '', value] = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(text) ?? [];
      const found = value ?? environment[name];
      if (found !== undefined) return [name, found];
      throw usageError(
        `--export got ${JSON.stringify(text)}, expected NAME=VALUE, or a variable that is set here`,
      );
    }),
  );
}
