/** `lockstep train`: a run on this box, from its flags to its exit code. */
import type { CommandModule } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { formatConfig } from '../../shared/runtime/print-config.ts';
import { configFromArguments, type Arguments } from '../cli/config-flags.ts';
import { addTrainFlags, trainRequestOf } from '../cli/train-flags.ts';

const command: CommandModule<object, Arguments> = {
  command: 'train',
  describe: 'Train a model: a coordinator and its workers on this box',
  builder: (yargs) =>
    addTrainFlags(yargs)
      .option('print-config', {
        group: 'Run:',
        type: 'boolean',
        describe: 'print the settings as a file, and end',
      })
      .example('$0 train', 'synthetic street digits, two minutes on two cores')
      .example('$0 train --data train_32x32.mat --preset svhn', "the post's model on SVHN")
      .example(
        '$0 train --data train-images-idx3-ubyte.gz --workers 2 --epochs 3',
        'IDX files, such as Fashion-MNIST',
      )
      .example('$0 train --resume runs/NAME --epochs 40', 'goes on, for longer')
      .epilogue(epilogue),
  handler: async (given) => {
    if (given['printConfig'] === true) return printConfig(given);
    const words = hideBin(process.argv);
    const request = trainRequestOf(given, process.env, words.toSpliced(words.indexOf('train'), 1));
    const { runTrain } = await import('../train/train.ts');
    process.exit(await runTrain(request, process.argv[1] ?? ''));
  },
};
export default command;

function printConfig(given: Arguments): void {
  const configured = configFromArguments(given, process.env);
  for (const notice of configured.notices) process.stderr.write(`lockstep: ${notice}\n`);
  process.stdout.write(formatConfig(configured, configured.preset));
}

const epilogue =
  'Defaults are those of preset digits; --preset svhn --print-config shows those of another. Every setting is ' +
  'also a variable (LOCKSTEP_BATCH_SIZE) and a line of --config (batchSize: 1000). Flags win over variables, ' +
  'variables over the file, the file over the preset. --no-whiten is false; --no-components, like --components ' +
  'none, is none.';
