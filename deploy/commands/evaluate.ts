/** `lockstep evaluate`: bounds of the likelihood, active units and bits per dimension of a checkpoint, or its sharpness. */
import type { Argv, CommandModule } from 'yargs';
import { addCheckpointPath } from '../cli/checkpoint-path.ts';
import { exitCodes, usageError } from '../../shared/errors.ts';
import { runtimeNames, type RuntimeName } from '../../shared/model/runtime.ts';
import { splits, type Split } from '../../shared/protocol/messages.ts';
import { say } from '../trained/say.ts';

interface EvaluateArguments {
  readonly path: string;
  readonly data: string[] | undefined;
  readonly split: Split | undefined;
  readonly importanceSamples: number;
  readonly rows: number | undefined;
  readonly bitsPerDimension: boolean | undefined;
  readonly sharpness: boolean;
  readonly runtime: RuntimeName;
  readonly json: boolean;
}

const command: CommandModule<object, EvaluateArguments> = {
  command: 'evaluate <path>',
  describe:
    'Judge a checkpoint: ELBO, importance-weighted bound, active units, bits per dimension, sharpness',
  builder: (yargs) =>
    addCheckpointPath(yargs)
      .option('data', {
        type: 'string',
        array: true,
        describe: 'other image files than those of the run',
      })
      .option('split', { choices: splits, describe: "rows of the run's own data; heldOut by default" })
      .option('importance-samples', {
        type: 'number',
        default: 50,
        describe: 'latents of each row; 0 leaves that bound out',
      })
      .option('rows', { type: 'number', describe: "rows at most; the run's --evaluation-rows by default" })
      .option('bits-per-dimension', { type: 'boolean', describe: 'on by default where it takes seconds' })
      .option('sharpness', {
        type: 'boolean',
        default: false,
        describe:
          "instead: SAM's rise and the Hessian's largest eigenvalue, on 1,000 training rows; of a run folder at its " +
          'latest checkpoint, and kept there for reports',
      })
      .option('runtime', { choices: runtimeNames, default: 'auto' as const, describe: 'what computes' })
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object on standard output' })
      .conflicts('data', 'split')
      .example('$0 evaluate runs/one', 'on the rows that were held out')
      .example('$0 evaluate runs/one --sharpness', 'where the run ended')
      .example(
        '$0 evaluate runs/one --split test',
        'on the test images of the run',
      ) as unknown as Argv<EvaluateArguments>, // flags arrive in camel case, which the types do not know
  handler: async (given) => {
    const { rows, json, importanceSamples } = given;
    checkCount('--importance-samples', importanceSamples, 0);
    if (rows !== undefined) checkCount('--rows', rows, 1);
    if (given.sharpness) return printSharpness(given);
    const { evaluate, evaluationLines } = await import('../trained/evaluate.ts');
    const { cacheFolder } = await import('../cli/folders.ts');
    const report = await evaluate({
      path: given.path,
      files: given.data ?? [],
      split: given.split ?? null,
      rows: rows ?? null,
      importanceSamples,
      bitsPerDimension: given.bitsPerDimension ?? null,
      runtime: given.runtime,
      cacheDir: cacheFolder(),
      say,
    });
    process.stdout.write(`${json ? JSON.stringify(report) : evaluationLines(report).join('\n')}\n`);
  },
};
export default command;

async function printSharpness({ path, data, split, rows, runtime, json }: EvaluateArguments): Promise<void> {
  if (data !== undefined || split !== undefined) {
    throw usageError(
      `--sharpness is of the run's training rows: leave out ${data === undefined ? '--split' : '--data'}`,
    );
  }
  const { whenParentIsGone } = await import('../train/parent.ts');
  whenParentIsGone(() => process.exit(exitCodes.terminated)); // of a sweep that was killed
  process.channel?.unref(); // it need not stay for that
  const { evaluateSharpness, sharpnessLines } = await import('../trained/sharpness.ts');
  const { cacheFolder } = await import('../cli/folders.ts');
  const report = await evaluateSharpness({ path, rows: rows ?? null, runtime, cacheDir: cacheFolder(), say });
  process.stdout.write(`${json ? JSON.stringify(report) : sharpnessLines(report).join('\n')}\n`);
}

function checkCount(flag: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw usageError(`${flag} ${value}: expected an integer of at least ${least}`);
}
