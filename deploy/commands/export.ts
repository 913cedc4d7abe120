/** `lockstep export`: a trained model for browsers (TensorFlow.js) or for Python (safetensors). */
import type { CommandModule } from 'yargs';
import { addCheckpointPath } from '../cli/checkpoint-path.ts';
import { runtimeNames, type RuntimeName } from '../../shared/model/runtime.ts';
import { exportFormats, type ExportFormat } from '../trained/export-formats.ts';
import { say } from '../trained/say.ts';

interface ExportArguments {
  readonly path: string;
  readonly format: ExportFormat;
  readonly out: string | undefined;
  readonly runtime: RuntimeName;
}

const command: CommandModule<object, ExportArguments> = {
  command: 'export <path>',
  describe: 'Write decoder and encoder for browsers (tfjs) or for Python (safetensors)',
  builder: (yargs) =>
    addCheckpointPath(yargs)
      .option('format', {
        choices: exportFormats,
        demandOption: true,
        describe: 'tfjs: models of layers; safetensors: named arrays',
      })
      .option('out', {
        type: 'string',
        describe: 'folder to write, over an earlier export',
        defaultDescription: 'exported-FORMAT',
      })
      .option('runtime', { choices: runtimeNames, default: 'auto' as const, describe: 'what computes' })
      .example('$0 export runs/one --format tfjs --out web/model', 'for tf.loadLayersModel in a page')
      .example('$0 export runs/one --format safetensors', 'for numpy, PyTorch or JAX')
      .epilogue(
        'Principal components and batch norm are folded in: latents to pixels, and pixels to latents.',
      ),
  handler: async ({ path, format, out, runtime }) => {
    const { exportModel } = await import('../trained/export.ts');
    const { cacheFolder } = await import('../cli/folders.ts');
    const folder = out ?? `exported-${format}`;
    const files = await exportModel({ path, format, out: folder, runtime, cacheDir: cacheFolder(), say });
    process.stdout.write(files.map((file) => `${file}\n`).join(''));
  },
};
export default command;
