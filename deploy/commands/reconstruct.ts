/** `lockstep reconstruct`: a picture of images beside what the model makes of them. */
import type { CommandModule } from 'yargs';
import { addCheckpointPath } from '../cli/checkpoint-path.ts';
import { runtimeNames, type RuntimeName } from '../../shared/model/runtime.ts';
import { splits, type Split } from '../../shared/protocol/messages.ts';
import { say } from '../trained/say.ts';

interface ReconstructArguments {
  readonly path: string;
  readonly data: string[] | undefined;
  readonly split: Split | undefined;
  readonly count: number;
  readonly seed: number | undefined;
  readonly out: string;
  readonly runtime: RuntimeName;
}

const command: CommandModule<object, ReconstructArguments> = {
  command: 'reconstruct <path>',
  describe: 'Show images beside their reconstructions, as one PNG',
  builder: (yargs) =>
    addCheckpointPath(yargs)
      .option('data', {
        type: 'string',
        array: true,
        describe: 'other image files than those of the run',
      })
      .option('split', { choices: splits, describe: "rows of the run's own data; heldOut by default" })
      .option('count', { type: 'number', default: 50, describe: 'images' })
      .option('seed', { type: 'number', describe: "of the latent noise; the run's by default" })
      .option('out', { type: 'string', default: 'reconstructions.png', describe: 'file to write' })
      .option('runtime', { choices: runtimeNames, default: 'auto' as const, describe: 'what computes' })
      .conflicts('data', 'split')
      .example('$0 reconstruct runs/one', 'writes reconstructions.png, of images that were held out')
      .example('$0 reconstruct runs/one --data other.mat --count 20', 'of images that the run never saw'),
  handler: async ({ path, data, split, count, seed, out, runtime }) => {
    const { checkCount, checkSeed, reconstruct } = await import('../trained/pictures.ts');
    const { cacheFolder } = await import('../cli/folders.ts');
    const request = { path, count: checkCount(count), seed: checkSeed(seed), out, runtime, say };
    await reconstruct({ ...request, files: data ?? [], split: split ?? null, cacheDir: cacheFolder() });
    process.stdout.write(`${out}\n`);
  },
};
export default command;
