/**
 * `lockstep bench peers`: the full model beside what people would train it with instead, on the same cores.
 *
 * First each is held to the same work: parameter counts are equal, and one gradient without random draws has the
 * same loss and norm. Then each trains a few steps a round, in turn. Ratios are ours to theirs, within a round.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { usageError } from '../../shared/errors.ts';
import { cacheFolder } from '../cli/folders.ts';
import { findPaths } from '../setup/paths.mjs';
import { defineBenchmark, type BenchContext, type BenchTable, type Figure } from './benchmark.ts';
import { startPart } from './part.ts';
import { requireAgreement, type Agreement } from './peers/agreement.ts';
import {
  answerOf,
  neutralEnvironment,
  numberOf,
  peersOf,
  trainWords,
  withFolder,
  type Answer,
  type Peer,
  type Sizes,
} from './peers/contestants.ts';
import { peersPython, scriptFolder, terminalQuestion } from './peers/environment.ts';
import type { ReferenceOptions } from './peers/reference.ts';
import { alternate, atLeast, derive, figure, ratio, type Series, type Side } from './rounds.ts';

const featureRows = 4000; // in the peers' memory
const ours = 'lockstep';

export const peers = defineBenchmark({
  name: 'peers',
  describe:
    'The full model beside PyTorch, PyTorch DDP and Keras on the same cores (downloads them: asks first)',
  example: ['--yes --batch-size 6300', 'beside PyTorch and Keras at another batch size'],
  flags: {
    yes: { type: 'boolean', default: false, describe: 'make the 7 GB virtual environment without asking' },
    processes: { type: 'number', default: 2, describe: 'workers of one thread; peers get as many threads' },
    'batch-size': { type: 'number', default: 1000, describe: 'samples a step, over all processes' },
    compile: { type: 'boolean', default: false, describe: "also with the peers' compilers (slow to start)" },
    steps: { type: 'number', default: 6, describe: 'steps of each that are timed in a round' },
  },
  async run(context, { yes, processes, batchSize, steps, compile }) {
    const sizes = checkSizes({ processes, batchSize, steps });
    const paths = findPaths();
    const offline = process.env['LOCKSTEP_OFFLINE'] === '1';
    const python = await peersPython({ paths, yes, offline, ask: terminalQuestion() });
    return withFolder(paths.cache, (folder) =>
      compare(context, sizes, peersOf(sizes, compile), { python, scripts: scriptFolder(paths), folder }),
    );
  },
});

interface Places {
  readonly python: string;
  readonly scripts: string;
  readonly folder: string; // temporary
}

/** @throws LockstepError (64) */
export function checkSizes(sizes: Sizes): Sizes {
  const flags = { processes: '--processes', batchSize: '--batch-size', steps: '--steps' } as const;
  for (const [field, flag] of Object.entries(flags) as [keyof Sizes, string][]) {
    if (Number.isSafeInteger(sizes[field]) && sizes[field] >= 1) continue;
    throw usageError(`${flag} got ${sizes[field]}, expected a whole number from 1 on`);
  }
  const { processes, batchSize } = sizes;
  if (batchSize % processes === 0 && batchSize / processes >= 2 && batchSize <= featureRows / 2) return sizes;
  throw usageError(
    `--batch-size got ${batchSize}, expected a multiple of --processes ${processes}, at least twice that and at ` +
      `most ${featureRows / 2}: 1000 suits 2 processes`,
  );
}

async function compare(
  context: BenchContext,
  sizes: Sizes,
  contestants: readonly Peer[],
  places: Places,
): Promise<BenchTable> {
  const { say } = context;
  const inputs = join(places.folder, 'inputs.safetensors');
  say('a first run of ours: its checkpoint has the parameters that all start from');
  const firstRun = join(places.folder, 'first');
  await trainOurs(context, { ...sizes, steps: 1 }, firstRun);
  say('one gradient of each, without random draws');
  const expected = await makeReference(context, sizes, firstRun, inputs);
  rmSync(firstRun, { recursive: true, force: true });
  const agreed = await holdToAgreement(contestants, sizes, places, inputs, expected);
  const sides: Side[] = [
    {
      name: ours,
      measure: async (round) => {
        say(ours);
        const runDir = join(places.folder, `round-${round}`);
        const answer = await trainOurs(context, sizes, runDir);
        rmSync(runDir, { recursive: true, force: true });
        return { [ours]: numberOf(ours, answer, 'samplesPerSecond') };
      },
    },
    ...contestants.map((peer): Side => ({
      name: peer.name,
      measure: async () => {
        say(peer.name);
        const answer = await ask(peer.name, peer, 'train', places, inputs, peer.args);
        return { [peer.name]: numberOf(peer.name, answer, 'samplesPerSecond') };
      },
    })),
  ];
  const series = await alternate(sides, { rounds: context.rounds, warmUps: 0, say });
  return tableOf(sizes, expected, agreed, contestants, series);
}

function trainOurs({ entry }: BenchContext, sizes: Sizes, runDir: string): Promise<Answer> {
  const environment = neutralEnvironment(process.env);
  return answerOf(ours, {
    program: process.execPath,
    args: [entry, ...trainWords(sizes, runDir)],
    environment,
  });
}

async function makeReference(
  context: BenchContext,
  { batchSize }: Sizes,
  path: string,
  out: string,
): Promise<Agreement> {
  const cacheDir = cacheFolder();
  const options: ReferenceOptions = {
    path,
    out,
    rowCount: batchSize,
    fileRows: featureRows,
    runtime: 'tensorflow',
    cacheDir,
  };
  const part = await startPart(context, 'peers-reference', options, neutralEnvironment(process.env));
  try {
    return await part.ask<Agreement>('agreement');
  } finally {
    await part.end();
  }
}

function ask(
  name: string,
  { script }: Pick<Peer, 'script'>,
  task: 'agree' | 'train',
  { python, scripts }: Places,
  inputs: string,
  args: readonly string[],
): Promise<Answer> {
  // Bytecode would be written beside the scripts, which belong to the package.
  const environment = { ...neutralEnvironment(process.env), PYTHONDONTWRITEBYTECODE: '1' };
  const words = [join(scripts, script), task, '--inputs', inputs, ...args];
  return answerOf(name, { program: python, args: words, environment });
}

interface Agreed {
  readonly versions: readonly string[];
  readonly difference: number; // relative, the largest
}

async function holdToAgreement(
  contestants: readonly Peer[],
  { batchSize, processes }: Sizes,
  places: Places,
  inputs: string,
  expected: Agreement,
): Promise<Agreed> {
  const versions: string[] = [];
  let difference = 0;
  for (const script of new Set(contestants.map((peer) => peer.script))) {
    const args = ['--batch-size', `${batchSize}`, '--threads', `${processes}`];
    const answer = await ask(script, { script }, 'agree', places, inputs, args);
    const number = (field: keyof Agreement) => numberOf(script, answer, field);
    const got = {
      parameterCount: number('parameterCount'),
      loss: number('loss'),
      gradientNorm: number('gradientNorm'),
    };
    difference = Math.max(difference, requireAgreement(script, got, expected));
    versions.push(String(answer['version']));
  }
  return { versions, difference };
}

/** Figures and what is to be said of them. Exported for tests. */
export function tableOf(
  { processes, batchSize, steps }: Sizes,
  { parameterCount }: Agreement,
  { versions, difference }: Agreed,
  contestants: readonly Peer[],
  series: Series,
): BenchTable {
  const valuesOf = (name: string): readonly number[] => series[name] ?? [];
  const speed = valuesOf(ours);
  const single = contestants
    .filter(({ isSingleProcess }) => isSingleProcess)
    .map(({ name }) => valuesOf(name));
  const best = derive(single, (...values) => Math.max(...values));
  const figures: Figure[] = [
    figure(`${ours}, ${processes} x 1`, 'samples/s', speed),
    ...contestants.map(({ name }) => figure(name, 'samples/s', valuesOf(name))),
    ...contestants.map(({ name, isSingleProcess }) =>
      ratio(`${ours} to ${name}`, speed, valuesOf(name), isSingleProcess ? null : atLeast(1.5)),
    ),
    ratio(`${ours} to the best single process`, speed, best, atLeast(1)),
  ];
  return {
    name: 'peers',
    settings: {
      model: 'preset svhn',
      parameters: parameterCount,
      'batch size': batchSize,
      'micro-batch size': batchSize / processes,
      'timed steps a round': steps,
      peers: versions.join(' and '),
    },
    figures,
    breakdowns: [],
    notes: [
      `Without random draws, loss and gradient norm of one step agree within ${difference.toExponential(1)}.`,
      'Processes x threads. Ours reads and projects pixels; the peers have their features in memory, which favours ' +
        'them.',
    ],
  };
}
