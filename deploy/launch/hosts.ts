/**
 * Which boxes take part, and with how many workers each: `-H box1:4,box2`, or a file with a line a box, as Open MPI
 * and torchrun's users write them (`box1 slots=4`, `box1:4`, `# a remark`).
 */
import { hostname } from 'node:os';
import { dataError, unavailableError, usageError } from '../../shared/errors.ts';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

export interface Host {
  readonly name: string; // as ssh takes it: a name, an alias of its configuration, user@name
  readonly slots: number | null; // workers; null: one for each GPU, else for each core
}

const namePattern = /^(?:[\w.-]+@)?[A-Za-z0-9_](?:[\w.-]*\w)?$/; // never begins with a dash, which ssh takes as a flag
const mostSlots = 4096;

/**
 * @param texts of -H, each a list with commas or the name of a file
 * @param allocated where neither says anything
 * @throws LockstepError 64, 65 for a file
 */
export function hostsOf(
  texts: readonly string[],
  hostfile: string | null,
  allocated: () => readonly string[] = () => [],
): Host[] {
  const listed = texts.flatMap((text) =>
    text.includes('/') || existsSync(text)
      ? readHosts(text, '-H')
      : text.split(',').map((entry) => parseHost(entry, '-H')),
  );
  const hosts = merge([...listed, ...(hostfile === null ? [] : readHosts(hostfile, '--hostfile'))]);
  if (hosts.length > 0) return hosts;
  const nodes = allocated();
  if (nodes.length > 0) return nodes.map((name) => parseHost(name, 'SLURM_JOB_NODELIST'));
  throw usageError('no box is named: give -H box1:4,box2:4, or --hostfile FILE with a line a box');
}

/**
 * The nodes of the Slurm allocation that we are in, as Slurm's own tool counts them up; none outside of one.
 * @throws LockstepError (69) where that tool fails
 */
export function slurmHosts(environment: NodeJS.ProcessEnv): string[] {
  const list = environment['SLURM_JOB_NODELIST'];
  if (!list) return [];
  const { status, stdout } = spawnSync('scontrol', ['show', 'hostnames', list], { encoding: 'utf8' });
  if (status === 0) return stdout.split('\n').filter((name) => name !== '');
  throw unavailableError(
    `SLURM_JOB_NODELIST is ${list}, and scontrol, which counts its nodes up, fails: name the boxes with -H`,
  );
}

/** Whether a name stands for the machine that we are on, which needs no ssh. @param own its host name */
export function isHere(name: string, own = hostname()): boolean {
  const bare = name.toLowerCase();
  return ['localhost', '127.0.0.1', own.toLowerCase(), own.toLowerCase().split('.')[0]].includes(bare);
}

/** Without the user that ssh logs in as. */
export const bareName = (name: string): string => name.replace(/^.*@/, '');

/** @throws LockstepError (64) */
export function parseHost(text: string, where: string): Host {
  const [, name = '', slots] = /^\s*(.*?)(?::(\d+))?\s*$/.exec(text)!;
  return checked(name, slots, text, where);
}

function readHosts(path: string, where: string): Host[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw dataError(
      `${where} ${path} cannot be read (${(error as NodeJS.ErrnoException).code}): name a file`,
    );
  }
  return text.split('\n').flatMap((line, index) => {
    const bare = line.replace(/#.*/, '').trim();
    return bare === '' ? [] : [parseLine(bare, `${path}:${index + 1}`)];
  });
}

function parseLine(line: string, where: string): Host {
  const [first = '', ...rest] = line.split(/\s+/);
  const slots = rest.map((word) => /^slots=(\d+)$/.exec(word)?.[1]).find((found) => found !== undefined);
  if (slots !== undefined) return checked(first, slots, line, where);
  const unknown = rest.find((word) => !/^max[-_]slots=\d+$/.test(word));
  if (unknown !== undefined)
    throw usageError(`${where}: got ${JSON.stringify(line)}, expected such as box1 slots=4, or box1:4`);
  return parseHost(first, where);
}

function checked(name: string, slots: string | undefined, text: string, where: string): Host {
  const count = slots === undefined ? null : Number(slots);
  if (namePattern.test(name) && (count === null || (count >= 1 && count <= mostSlots)))
    return { name, slots: count };
  throw usageError(`${where} got ${JSON.stringify(text)}, expected a box and its workers, such as box1:4`);
}

/** A box that is named twice has the workers of both. */
function merge(hosts: readonly Host[]): Host[] {
  const merged = new Map<string, Host>();
  for (const { name, slots } of hosts) {
    const known = merged.get(name);
    if (known === undefined) merged.set(name, { name, slots });
    else merged.set(name, { name, slots: (known.slots ?? 1) + (slots ?? 1) });
  }
  return [...merged.values()];
}
