/** `lockstep data`: looks into image files, checks them, makes synthetic ones, and fetches SVHN. */
import type { CommandModule } from 'yargs';
import { svhnBase, type SvhnSplit, svhnSplitNames, svhnSplits } from '../data/published.ts';

const files = {
  type: 'string',
  array: true,
  demandOption: true,
  describe: 'SVHN .mat or IDX files (.gz or not) that make one data set',
} as const;
const json = { type: 'boolean', default: false, describe: 'one JSON object' } as const;
const print = (text: string): void => void process.stdout.write(`${text}\n`);

const info: CommandModule<object, { readonly files: string[]; readonly json: boolean }> = {
  command: 'info <files..>',
  describe: 'Show size, labels and hash of image files',
  builder: (yargs) =>
    yargs
      .positional('files', files)
      .option('json', json)
      .example('$0 data info train_32x32.mat', 'size, classes and hash')
      .example(
        '$0 data info train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz',
        'images with their labels',
      ),
  handler: async (given) => {
    const { describeSummary, summarise } = await import('../data/inspect.ts');
    const summary = await summarise(given.files);
    print(given.json ? JSON.stringify(summary) : describeSummary(summary));
  },
};

const verify: CommandModule<object, { readonly files: string[]; readonly json: boolean }> = {
  command: 'verify <files..>',
  describe: 'Read image files to the last byte, and hold SVHN against its published MD5',
  builder: (yargs) =>
    yargs
      .positional('files', files)
      .option('json', json)
      .example('$0 data verify train_32x32.mat', 'before a long run'),
  handler: async (given) => {
    const inspect = await import('../data/inspect.ts');
    const summary = await inspect.summarise(given.files);
    const checksums = [];
    for (const path of given.files) checksums.push(await inspect.checksum(path));
    if (given.json) print(JSON.stringify({ ...summary, files: checksums }));
    else print([inspect.describeSummary(summary), ...checksums.map(inspect.describeChecksum)].join('\n'));
    inspect.requirePublished(checksums);
  },
};

const synthesize: CommandModule<
  object,
  { readonly out: string; readonly rows: number; readonly seed: number }
> = {
  command: 'synthesize <out>',
  describe: 'Write synthetic street digits as an SVHN .mat file',
  builder: (yargs) =>
    yargs
      .positional('out', { type: 'string', demandOption: true, describe: 'a new .mat file' })
      .option('rows', { type: 'number', default: 6000, describe: 'how many images' })
      .option('seed', { type: 'number', default: 1, describe: 'other seeds give other images' })
      .example('$0 data synthesize digits.mat --rows 6000', 'what --data synthetic trains on'),
  handler: async ({ out, rows, seed }) => {
    const { synthesize: write } = await import('../data/synthesize.ts');
    await write(out, rows, seed);
    print(out);
  },
};

interface FetchArguments {
  readonly split: SvhnSplit[];
  readonly dir: string;
  readonly url: string;
}

const fetch: CommandModule<object, FetchArguments> = {
  command: 'fetch <name>',
  describe: 'Download SVHN; a download that was cut goes on where it stopped',
  builder: (yargs) =>
    yargs
      .positional('name', { choices: ['svhn'] as const, demandOption: true, describe: 'the data set' })
      .option('split', {
        choices: svhnSplitNames,
        array: true,
        default: ['train', 'test'] satisfies SvhnSplit[],
        describe: 'which files; extra is 1.3 GB',
      })
      .option('dir', { type: 'string', default: '.', describe: 'folder of the files' })
      .option('url', { type: 'string', default: svhnBase, describe: 'where the files are' })
      .example('$0 data fetch svhn --split train test --dir data', 'then: train --data data/train_32x32.mat'),
  handler: async ({ split, dir, url }) => {
    const [{ fetchFiles }, { systemClock }] = await Promise.all([
      import('../data/fetch.ts'),
      import('../../shared/runtime/clock.ts'),
    ]);
    const wanted = [...new Set(split)].map((name) => svhnSplits[name]);
    const offline = process.env['LOCKSTEP_OFFLINE'] === '1';
    await fetchFiles({ files: wanted, baseUrl: url, dir, offline }, systemClock);
  },
};

const command: CommandModule = {
  command: 'data',
  describe: 'Look into image files, check them, make or fetch them',
  builder: (yargs) =>
    yargs
      .command(info)
      .command(verify)
      .command(synthesize)
      .command(fetch)
      .demandCommand(1, 'data: name what to do: info, verify, synthesize or fetch')
      .example('$0 data fetch svhn --dir svhn', 'downloads SVHN')
      .example('$0 data info svhn/train_32x32.mat', 'says what is in it'),
  handler: () => {}, // yargs asks for one of the above first
};
export default command;
