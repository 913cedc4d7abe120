/** `lockstep sweep`: the same training at several settings, one after another, and a page that compares them. */
import type { CommandModule } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { systemClock } from '../../shared/runtime/clock.ts';
import { addConfigFlags, type Arguments } from '../cli/config-flags.ts';
import { addHttpFlags, httpFlagsOf, httpWords, servingRequestOf } from '../cli/http-flags.ts';
import { addBoxFlags, launchesOf } from '../launch/flags.ts';
import { readRequest } from '../sweep/request.ts';
import { shellLine } from '../sweep/words.ts';

const sweep = { group: 'Sweep:' } as const;

const command: CommandModule<object, Arguments> = {
  command: 'sweep',
  describe: 'Train at several settings, such as batch sizes, and compare',
  builder: (yargs) => {
    addConfigFlags(yargs)
      .option('learning-rate-rule', {
        ...sweep,
        describe: 'how the learning rate follows the batch: none, sqrt, linear, or several',
        defaultDescription: 'none',
      })
      .option('repeats', { ...sweep, describe: 'seeds a setting, from --seed on', defaultDescription: '1' })
      .option('budget', {
        ...sweep,
        describe: 'epochs=N, updates=N, seconds=N of training, or converged',
        defaultDescription: "the preset's",
      })
      .option('control', {
        ...sweep,
        type: 'boolean',
        default: true,
        describe: 'one batch size at a second micro-batch size too',
      })
      .option('sharpness', {
        ...sweep,
        type: 'boolean',
        describe: 'measure it where each trial ends; --no-sharpness leaves it out',
        defaultDescription: 'on',
      })
      .option('trials', { ...sweep, describe: 'YAML file with a list of settings, instead of a grid' })
      .option('run-dir', {
        ...sweep,
        describe: 'folder of the sweep; one that holds a sweep goes on, with the trials that are new',
        defaultDescription: 'a new one in sweeps/',
      })
      .option('resume', { ...sweep, describe: "a sweep's folder: go on as it was begun" })
      .option('retry-failed', { ...sweep, type: 'boolean', describe: 'repeat trials that failed' })
      .option('dry-run', { ...sweep, type: 'boolean', describe: 'say what would be run, and how long' })
      .option('json', { ...sweep, type: 'boolean', describe: 'end with one JSON object on standard output' })
      .option('quiet', { ...sweep, type: 'boolean', describe: 'no progress, only warnings' });
    addHttpFlags(yargs);
    addBoxFlags(yargs);
    return yargs
      .example('$0 sweep --batch-size 100,1000', 'two sizes on synthetic street digits, in a few minutes')
      .example(
        '$0 sweep --batch-size 1000,6300 --repeats 3 --learning-rate-rule none,sqrt --preset svhn --data x.mat',
        'with the spread over seeds, and the learning rate unchanged and scaled',
      )
      .example(
        '$0 sweep -H box1,box2 --batch-size 1000,6300',
        'one trial a box at a time; needs a folder that they share',
      )
      .example('$0 sweep --batch-size 1000 --workers 1,2', 'throughput against the number of workers')
      .epilogue(epilogue);
  },
  handler: (given) => sweepWith(given, hideBin(process.argv), launchesOf(given)),
};
export default command;

/**
 * Runs the sweep that the flags mean, and ends the process.
 * @param launches as `SweepFlags` has them
 */
export async function sweepWith(
  given: Arguments,
  words: readonly string[],
  launches: readonly (readonly string[])[],
): Promise<void> {
  const http = httpFlagsOf(given);
  servingRequestOf(http); // refused before anything is started
  const requested = readRequest(given, {
    environment: process.env,
    words: [shellLine(words)],
    now: systemClock.wallTime().toISOString(),
  });
  const { printEstimates, startSweep } = await import('../sweep/start-sweep.ts');
  if (given['dryRun'] === true) return printEstimates(requested, given['json'] === true);
  const code = await startSweep(requested, {
    entry: process.argv[1] ?? '',
    launches,
    httpWords: httpWords(http, null),
    retryFailed: given['retryFailed'] === true,
    quiet: given['quiet'] === true,
    json: given['json'] === true,
  });
  process.exit(code);
}

const epilogue =
  'Any setting of train can be a list with commas (--batch-size 1000,6300 --width 256,512), and every combination ' +
  'is a trial. Trials run one after another, each with all workers; with -H on as many boxes at a time. lockstep launch -H … sweep has each trial on all boxes. A sweep that was stopped, however, goes on with ' +
  '--resume DIR; finished trials are never repeated.';
