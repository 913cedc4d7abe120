/** `lockstep setup`: what `npm start` does before it begins, and packing all of it for boxes without a network. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { dataError, usageError } from '../../shared/errors.ts';
import type { Arguments } from '../cli/config-flags.ts';
import { addBoxFlags } from '../launch/flags.ts';

interface SetupArguments {
  readonly bundle?: string | undefined;
  readonly cuda: boolean;
  readonly split?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const command: CommandModule<object, SetupArguments> = {
  command: 'setup',
  describe: 'Install what is missing (packages, kernels, TensorFlow), or pack it for boxes without a network',
  builder: (yargs) =>
    addBoxFlags(yargs)
      .option('bundle', {
        type: 'string',
        describe:
          'folder to be made: Node, packages, kernels and TensorFlow, to carry to boxes like this one',
      })
      .option('cuda', {
        type: 'boolean',
        default: false,
        describe: "with --bundle: TensorFlow for GPUs, with NVIDIA's libraries (3 GB to download)",
      })
      .option('split', {
        type: 'string',
        describe: 'with --bundle: files of at most this size, such as 1G, 500M',
      })
      .option('from', {
        type: 'string',
        describe: 'folder that --bundle made: install it, without a network',
      })
      .option('to', {
        type: 'string',
        describe: 'with --from: where to, a new folder',
        defaultDescription: '~/.local/share/lockstep',
      })
      .conflicts('bundle', 'from')
      .example('$0 setup', 'gets what is missing, TensorFlow too where python3 and a C++ compiler are there')
      .example('$0 setup --bundle usb --split 1G', 'packs everything into files of at most 1 GB')
      .example('sh usb/install.sh ~/lockstep', 'installs it on a box that has neither network nor Node')
      .example('$0 setup --from usb --to ~/lockstep', 'the same by the command')
      .example('$0 setup -H box1,box2', 'both at once; lockstep is there already, at the same path')
      .epilogue(
        '$0 doctor says what is there. LOCKSTEP_OFFLINE=1 keeps it off the network.',
      ) as unknown as Argv<SetupArguments>,
  handler: async (given) => {
    const { bundle, cuda, split, from, to } = given;
    if (isOfBoxes(given as unknown as Arguments)) return setUpBoxes(given);
    if (bundle === undefined && (cuda || split !== undefined))
      throw usageError(
        `${cuda ? '--cuda' : '--split'} belongs to --bundle DIR: name the folder to pack into`,
      );
    if (from === undefined && to !== undefined)
      throw usageError('--to belongs to --from DIR: name the bundle');
    if (from !== undefined) return installFrom(from, to);
    if (bundle !== undefined) return pack(bundle, cuda, split === undefined ? Infinity : partBytesOf(split));
    const { runSetUp } = await import('../setup/main.mjs');
    const { describeSetUp } = await import('../setup/describe.mjs');
    if (await runSetUp({ fetch: true, retry: true })) process.stdout.write(describeSetUp());
  },
};
export default command;

const isOfBoxes = ({ hosts, hostfile }: Arguments): boolean => hosts !== undefined || hostfile !== undefined;

/** The same on other boxes, but for bundles, which are carried there by hand. */
async function setUpBoxes(given: SetupArguments): Promise<void> {
  const mine = (['bundle', 'split', 'from', 'to'] as const).find((name) => given[name] !== undefined);
  if (mine !== undefined) throw usageError(`--${mine} is for this box: leave it out, or -H`);
  const { boxesOf } = await import('../launch/request.ts');
  const boxes = await import('../launch/setup-boxes.ts');
  return boxes.setUpBoxes(boxesOf(given as unknown as Arguments, process.env, process.argv[1] ?? ''), []);
}

async function pack(dir: string, cuda: boolean, partBytes: number): Promise<void> {
  const { makeBundle } = await import('../bundle/make.ts');
  const { cleanUpOnSignals } = await import('../setup/process.mjs');
  const { findPaths } = await import('../setup/paths.mjs');
  const giveSignalsBack = cleanUpOnSignals();
  try {
    const bytes = await makeBundle({ dir, cuda, partBytes }, findPaths());
    const size = `${Math.round(bytes / 1e6).toLocaleString('en')} MB`;
    process.stdout.write(
      `${dir} has ${size}. On a box without a network: sh ${join(dir, 'install.sh')} FOLDER\n`,
    );
  } finally {
    giveSignalsBack();
  }
}

/** The bundle's own script does it, which needs nothing of what it installs. */
function installFrom(dir: string, to: string | undefined): void {
  const script = join(dir, 'install.sh');
  if (!existsSync(script))
    throw dataError(`--from ${dir} holds no install.sh: expected a folder that setup --bundle made`);
  const { status } = spawnSync('sh', [script, ...(to === undefined ? [] : [to])], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

const units = { K: 1e3, M: 1e6, G: 1e9 } as const;
const leastPart = 1e6; // bytes

/** @throws LockstepError (64) */
function partBytesOf(text: string): number {
  const [, number, unit] = /^(\d+)([KMG]?)B?$/i.exec(text) ?? [];
  const bytes = Number(number) * (units[unit?.toUpperCase() as keyof typeof units] ?? 1);
  if (bytes >= leastPart) return bytes;
  throw usageError(`--split got ${JSON.stringify(text)}, expected a size of at least 1M, such as 500M or 1G`);
}
