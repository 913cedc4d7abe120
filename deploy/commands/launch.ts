/** `lockstep launch`: a run, or the trials of a sweep, on other machines than this one. */
import type { CommandModule } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { usageError } from '../../shared/errors.ts';

const command: CommandModule = {
  command: 'launch',
  describe: 'Train, or sweep, on several boxes',
  builder: (yargs) =>
    yargs
      .usage('lockstep launch --slurm [options of sbatch] train|sweep [their flags]')
      .option('slurm', { type: 'boolean', describe: 'write a job script for Slurm, and submit it' })
      .option('print', { type: 'boolean', describe: 'only print the job script' })
      .option('save-before', {
        describe:
          'seconds before the time limit at which the run saves a checkpoint and goes back into the queue',
        defaultDescription: '120',
      })
      .option('array-limit', { describe: 'of a sweep: how many trials may run at a time' })
      .example(
        '$0 launch --slurm --nodes 3 --gpus-per-node 4 --time 8:00:00 train --preset svhn',
        'on 12 GPUs',
      )
      .example(
        '$0 launch --slurm --ntasks 4 --array-limit 2 sweep --batch-size 1000,6300',
        'each trial on four tasks, two trials at a time',
      )
      .epilogue(
        'Options before train or sweep that are none of these are those of sbatch; see docs/slurm.md.',
      ),
  handler: async () => {
    const words = hideBin(process.argv).slice(1); // as they were given: most of them are not ours
    if (!words.includes('--slurm')) throw usageError('launch expected --slurm: see lockstep launch --help');
    const { launchOnSlurm } = await import('../slurm/launch.ts');
    process.exit(await launchOnSlurm(words, process.env));
  },
};
export default command;
