/** `lockstep launch`: a command on several boxes, from its flags to its exit code. */
import type { Argv, CommandModule } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { usageError } from '../../shared/errors.ts';
import type { Arguments } from '../cli/config-flags.ts';
import { splitLaunch } from '../cli/launch-words.ts';
import { readCommandLine } from '../cli/parser.ts';
import { sweepWith } from './sweep.ts';
import { trainRequestOf } from '../cli/train-flags.ts';
import { packageVersion } from '../cli/version.ts';
import { addBoxFlags } from '../launch/flags.ts';

const command: CommandModule<object, Arguments> = {
  command: 'launch',
  describe: 'Train or sweep on several boxes',
  builder: (yargs) =>
    addSlurmFlags(addBoxFlags(yargs))
      .usage('$0 launch -H BOX[:N],...|--slurm [flags] train|sweep [its flags]')
      .option('coordinator', {
        group: 'Boxes:',
        describe: 'box of the coordinator, and its port: BOX or BOX:PORT',
        defaultDescription: 'the first box',
      })
      .option('address', {
        group: 'Boxes:',
        describe: "the coordinator's address as its workers see it, where that is not the name of its box",
      })
      .option('copy-data', {
        group: 'Boxes:',
        type: 'boolean',
        describe: 'copy the data once to boxes that do not see it; else rows are sent as they are needed',
      })
      .option('data-dir', { group: 'Boxes:', describe: 'folder of such copies; the cache folder by default' })
      .option('stream-data', {
        group: 'Boxes:',
        type: 'boolean',
        describe: 'send rows without looking for the data',
      })
      .option('shared-file', { hidden: true }) // of a sweep
      .example('$0 launch -H box1:4,box2:4 train --preset svhn --data train_32x32.mat', 'four GPUs of each')
      .example('$0 launch -H box1,box2 sweep --batch-size 1000,6300', 'each trial on all of them')
      .example('$0 launch --hostfile boxes.txt train', 'all GPUs of all boxes, one box a line')
      .example("$0 launch -H me@box1,me@box2 --ssh 'ssh -i key -p 2222' train", 'logs in its own way')
      .example(
        '$0 launch --slurm --nodes 3 --gpus-per-node 4 --time 8:00:00 train --preset svhn',
        'on 12 GPUs, as a job',
      )
      .example(
        '$0 launch --slurm --ntasks 4 --array-limit 2 sweep --batch-size 1000,6300',
        'each trial on four tasks, two trials at a time',
      )
      .epilogue(epilogue),
  handler: async (given) => {
    const words = hideBin(process.argv);
    if (given['slurm'] === true) {
      const { launchOnSlurm } = await import('../slurm/launch.ts');
      process.exit(await launchOnSlurm(words.slice(1), process.env)); // as they were given: most are not ours
    }
    const { own, inner } = splitLaunch(words);
    const entry = process.argv[1] ?? '';
    const { launchRequestOf } = await import('../launch/request.ts');
    if (inner[0] !== 'train' && inner[0] !== 'sweep') {
      const got = inner[0] === undefined ? 'no command' : JSON.stringify(inner[0]);
      throw usageError(
        `launch got ${got}, expected train or sweep behind its own flags: lockstep launch -H box1,box2 train`,
      );
    }
    const request = launchRequestOf(given, process.env, entry);
    const values = await readCommandLine(inner, packageVersion());
    if (values === null) return;
    if (inner[0] === 'sweep') return sweepWith(values, words, [own]);
    if (values['printConfig'] === true)
      throw usageError('--print-config prints and starts nothing: give it to lockstep train, without launch');
    const train = trainRequestOf(values, process.env, inner.slice(1));
    const { runLaunch } = await import('../launch/launch.ts');
    process.exit(await runLaunch(request, train));
  },
};
export default command;

function addSlurmFlags<T>(yargs: Argv<T>): Argv<T> {
  const group = 'Slurm:';
  return yargs
    .option('slurm', { group, type: 'boolean', describe: 'write a job script for Slurm, and submit it' })
    .option('print', { group, type: 'boolean', describe: 'only print the job script' })
    .option('save-before', {
      group,
      describe:
        'seconds before the time limit at which the run saves a checkpoint and goes back into the queue',
      defaultDescription: '120',
    })
    .option('array-limit', { group, describe: 'of a sweep: how many trials may run at a time' });
}

const epilogue =
  'Each box needs lockstep, the same version, and a login by ssh without a password. Before anything is started, ' +
  'every box is looked at. Boxes that do not see the data are sent their rows. The run folder is on the box of the ' +
  'coordinator. Ctrl-C ends the run with a checkpoint; a second one at once. With --slurm, ' +
  'options before train or sweep that are none of these are those of sbatch; see docs/slurm.md.';
