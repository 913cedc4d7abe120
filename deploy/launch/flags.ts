/** The flags of every command that uses several boxes. */
import type { Argv } from 'yargs';
import { listFlag, textFlag, type Arguments } from '../cli/config-flags.ts';
import { hostsOf } from './hosts.ts';

const group = 'Boxes:';

export function addBoxFlags<T>(yargs: Argv<T>): Argv<T> {
  return yargs
    .option('hosts', {
      alias: 'H',
      group,
      describe: 'boxes and their workers, such as box1:4,box2:4 or user@box1; or a file with a line a box',
    })
    .option('hostfile', { group, describe: 'file with a line a box: box1 slots=4, or box1:4' })
    .option('nproc-per-node', {
      group,
      describe: 'workers of a box for which -H says nothing; auto is one for each GPU, else for each core',
      defaultDescription: 'auto',
    })
    .option('ssh', {
      group,
      describe: 'how to get there: the ssh client and its flags',
      defaultDescription: 'ssh',
    })
    .option('remote-dir', {
      group,
      describe: "lockstep's folder on the boxes",
      defaultDescription: 'the same as here',
    })
    .option('remote-command', {
      group,
      describe: 'what starts lockstep on the boxes, instead of --remote-dir',
    })
    .option('export', {
      alias: 'x',
      group,
      describe: 'NAME=VALUE, a variable for every process there; NAME for its value here',
    })
    .option('box-timeout', {
      group,
      describe: 'seconds without a word, after which a box is given up, and ends what it runs',
      defaultDescription: '150',
    });
}

const sameForAll = ['nproc-per-node', 'ssh', 'remote-dir', 'remote-command', 'box-timeout'] as const;

/** For each box that is named, the words of a launch on it alone. @throws LockstepError (64) */
export function launchesOf(given: Arguments): string[][] {
  const [listed, hostfile] = [listFlag(given, 'hosts'), textFlag(given, 'hostfile')];
  if (listed.length === 0 && hostfile === null) return [];
  const more = sameForAll.flatMap((name) => {
    const value = textFlag(given, name);
    return value === null ? [] : [`--${name}`, value];
  });
  const exported = listFlag(given, 'export').flatMap((text) => ['--export', text]);
  return hostsOf(listed, hostfile).map(({ name, slots }) => [
    'launch',
    '-H',
    slots === null ? name : `${name}:${slots}`,
    ...more,
    ...exported,
  ]);
}
