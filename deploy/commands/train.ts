/** `lockstep train`: a run on this box, from its flags to its exit code. */
import type { CommandModule } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { formatConfig } from '../../shared/runtime/print-config.ts';
import {
  addConfigFlags,
  configFromArguments,
  textFlag,
  withAbsolutePaths,
  type Arguments,
} from '../cli/config-flags.ts';

const command: CommandModule<object, Arguments> = {
  command: 'train',
  describe: 'Train a model: a coordinator and its workers on this box',
  builder: (yargs) =>
    addConfigFlags(yargs)
      .option('print-config', { ...run, type: 'boolean', describe: 'print the settings as a file, and end' })
      .option('run-dir', {
        ...run,
        describe: 'folder of the run, new or empty',
        defaultDescription: 'a new one in runs/',
      })
      .option('resume', { ...run, describe: 'run folder: go on from its last checkpoint' })
      .option('init-from', { ...run, describe: 'checkpoint: begin with its parameters' })
      .option('json', { ...run, type: 'boolean', describe: 'end with one JSON object on standard output' })
      .option('quiet', { ...run, type: 'boolean', describe: 'no progress, only warnings' })
      .example('$0 train', 'synthetic street digits, two minutes on two cores')
      .example('$0 train --data train_32x32.mat --preset svhn', "the post's model on SVHN")
      .example(
        '$0 train --data train-images-idx3-ubyte.gz --workers 2 --epochs 3',
        'IDX files, such as Fashion-MNIST',
      )
      .example('$0 train --resume runs/NAME --epochs 40', 'goes on, for longer')
      .epilogue(epilogue),
  handler: async (given) => {
    const configured = configFromArguments(given, process.env);
    if (given['printConfig'] === true) {
      for (const notice of configured.notices) process.stderr.write(`lockstep: ${notice}\n`);
      process.stdout.write(formatConfig(configured, configured.preset));
      return;
    }
    const request = {
      ...withAbsolutePaths(configured, process.cwd()),
      runDir: textFlag(given, 'run-dir'),
      resume: textFlag(given, 'resume'),
      initFrom: textFlag(given, 'init-from'),
      json: given['json'] === true,
      quiet: given['quiet'] === true,
      argv: hideBin(process.argv).toSpliced(hideBin(process.argv).indexOf('train'), 1),
    };
    const { runTrain } = await import('../train/train.ts');
    process.exitCode = await runTrain(request, process.argv[1] ?? '');
  },
};
export default command;

const run = { group: 'Run:' } as const;

const epilogue =
  'Defaults are those of preset digits; --preset svhn --print-config shows those of another. Every setting is ' +
  'also a variable (LOCKSTEP_BATCH_SIZE) and a line of --config (batchSize: 1000). Flags win over variables, ' +
  'variables over the file, the file over the preset. --no-whiten is false; --no-components, like --components ' +
  'none, is none.';
