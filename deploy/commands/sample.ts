/** `lockstep sample`: a picture of images drawn from the model's prior. */
import type { CommandModule } from 'yargs';
import { addCheckpointPath } from '../cli/checkpoint-path.ts';
import { runtimeNames, type RuntimeName } from '../../shared/model/runtime.ts';
import { say } from '../trained/say.ts';

interface SampleArguments {
  readonly path: string;
  readonly count: number;
  readonly seed: number | undefined;
  readonly out: string;
  readonly runtime: RuntimeName;
}

const command: CommandModule<object, SampleArguments> = {
  command: 'sample <path>',
  describe: 'Draw images from a checkpoint, as one PNG',
  builder: (yargs) =>
    addCheckpointPath(yargs)
      .option('count', { type: 'number', default: 100, describe: 'images' })
      .option('seed', { type: 'number', describe: "other seeds give other images; the run's by default" })
      .option('out', { type: 'string', default: 'samples.png', describe: 'file to write' })
      .option('runtime', { choices: runtimeNames, default: 'auto' as const, describe: 'what computes' })
      .example('$0 sample runs/one', 'writes samples.png: 100 images in a grid')
      .example('$0 sample runs/one --seed 7 --count 16 --out a.png', 'sixteen others'),
  handler: async ({ path, count, seed, out, runtime }) => {
    const { checkCount, checkSeed, sample } = await import('../trained/pictures.ts');
    const { cacheFolder } = await import('../cli/folders.ts');
    const request = { path, count: checkCount(count), seed: checkSeed(seed), out, runtime, say };
    await sample({ ...request, cacheDir: cacheFolder() });
    process.stdout.write(`${out}\n`);
  },
};
export default command;
