/**
 * The exchange alone against memcpy of the bytes that it moves: reduce, Adam and broadcast of P parameters, over
 * loopback, between a coordinator and workers that are processes of their own and compute nothing.
 *
 * The bytes moved are 4P from every worker (its gradient) and 4P to every worker (the parameters). What a worker
 * does to a gradient before it is sent (finish leaf) is counted too. With --wire bfloat16 every round is made on
 * both wires: 2P come from every worker, if there are two or more, since one alone sends the root.
 */
import { defineBenchmark, type BenchContext, type BenchTable, type Figure } from './benchmark.ts';
import { wires, type Wire } from '../../shared/math/node-values.ts';
import { outerReducers } from '../../coordinator/reducers/gathering.ts';
import { usageError } from '../../shared/errors.ts';
import { startPart, type Part } from './part.ts';
import type { ExchangeOptions, ExchangeResult, ExchangeRound } from './parts/exchange-run.ts';
import type { ExchangeReducerOptions } from './parts/exchange-reducer.ts';
import type { ExchangeWorkerOptions } from './parts/exchange-worker.ts';
import { atMost, figure, ratio } from './rounds.ts';

const barOfMemcpy = 5;

export const exchange = defineBenchmark({
  name: 'exchange',
  describe: 'Reduce, Adam and broadcast alone, over loopback, against memcpy of the bytes moved',
  example: ['--workers 4 --reducers 2', 'what two reducers make of four workers'],
  flags: {
    parameters: { type: 'number', default: 48_500_000, describe: 'trained parameters of the model' },
    workers: { type: 'number', default: 2, describe: 'worker processes' },
    reducers: { type: 'number', default: 1, describe: 'more than 1: so many processes of their own' },
    wire: {
      choices: wires,
      default: 'float32' as Wire,
      describe: 'of gradients; bfloat16 is set beside float32',
    },
    curve: {
      type: 'boolean',
      default: false,
      describe: 'set an encrypted exchange beside one in the clear, both over sockets alone',
    },
  },
  async run(context, given): Promise<BenchTable> {
    const { parameters, workers, reducers, wire, curve } = given;
    const { say, rounds } = context;
    if (curve && reducers > 1)
      throw usageError(`--curve and --reducers ${reducers} exclude each other: leave out either`);
    const movedBytes = (bytesUp(wire, workers) + 4) * parameters * workers;
    const options: ExchangeOptions = { parameters, workers, reducers, wire, movedBytes, rounds };
    say(`${rounds} rounds between a coordinator and its workers`);
    if (!curve) return tableOf(options, await measureExchange(context, options));
    const clear = await measureExchange(context, { ...options, sharedMemory: false });
    say('the same, encrypted');
    const encrypted = await measureExchange(context, { ...options, sharedMemory: false, curve });
    return besideCurve(tableOf(options, clear), clear, encrypted);
  },
});

/** Starts a coordinator and workers that compute nothing, and measures all rounds. @throws LockstepError */
export async function measureExchange(
  context: Pick<BenchContext, 'entry'>,
  options: ExchangeOptions,
): Promise<ExchangeResult> {
  const { parameters, workers, sharedMemory = true, curve = false } = options;
  const [hubKeys, linkKeys] = curve ? await makeKeys() : [];
  const started: Part[] = [];
  const start = async (name: string, partOptions: unknown): Promise<Part> => {
    const part = await startPart(context, name, partOptions);
    started.push(part);
    return part;
  };
  try {
    const coordinator = await start('exchange-run', { ...options, keys: hubKeys });
    const endpoint = await coordinator.ask<string>('endpoint');
    const reducer: ExchangeReducerOptions = { endpoint };
    const reducers = await Promise.all(
      Array.from({ length: outerReducers(options.reducers) }, () => start('exchange-reducer', reducer)),
    );
    const worker: ExchangeWorkerOptions = { endpoint, parameters, workers, sharedMemory, keys: linkKeys };
    const peers = await Promise.all(Array.from({ length: workers }, () => start('exchange-worker', worker)));
    const [result] = await Promise.all([
      coordinator.ask<ExchangeResult>('result'),
      ...[...peers, ...reducers].map((peer) => peer.ask('end')),
    ]);
    return result;
  } finally {
    await Promise.all(started.map((part) => part.end()));
  }
}

/** They travel to the parts through their channels, which nobody else reads. */
async function makeKeys() {
  const { createKeyPair } = await import('../../shared/transport/zeromq.ts');
  const [server, client] = [createKeyPair(), createKeyPair()];
  return [
    { ...server, allowed: [client.publicKey] },
    { ...client, serverKey: server.publicKey },
  ] as const;
}

/** The one was measured after the other: a round of both is not of one moment. */
function besideCurve(table: BenchTable, clear: ExchangeResult, encrypted: ExchangeResult): BenchTable {
  const series = ({ rounds }: ExchangeResult, phase: keyof ExchangeRound): number[] =>
    rounds.map((round) => round[phase]);
  const curve = series(encrypted, 'exchange');
  const note =
    'With CURVE, every byte is encrypted on one side and decrypted on the other, by one thread of each.';
  return {
    ...table,
    settings: { ...table.settings, sockets: 'alone' },
    figures: [
      ...table.figures,
      figure('exchange with CURVE', 'ms', curve),
      figure('  the rest of the sum, with CURVE', 'ms', series(encrypted, 'reduce')),
      figure('  parameters to all workers, with CURVE', 'ms', series(encrypted, 'broadcast')),
      ratio('with CURVE, in those in the clear', curve, series(clear, 'exchange')),
    ],
    notes: [...table.notes, note],
  };
}

/** Of a value that a worker sends: one alone sends the root, which is float32 on any wire. */
const bytesUp = (wire: Wire, workers: number): number => (wire === 'bfloat16' && workers > 1 ? 2 : 4);

function tableOf(
  { parameters, workers, reducers, wire, movedBytes }: ExchangeOptions,
  { rounds, peakBytes }: ExchangeResult,
): BenchTable {
  const series = (phase: keyof ExchangeRound): number[] => rounds.map((round) => round[phase]);
  const phase = (name: string, of: keyof ExchangeRound): Figure => figure(`  ${name}`, 'ms', series(of));
  const limitBytes = 6 * 4 * parameters + 150e6;
  return {
    name: 'exchange',
    settings: { parameters, workers, reducers, wire, 'MB moved': Math.round(movedBytes / 1e6) },
    figures: [
      figure('exchange', 'ms', series('exchange')),
      phase('tasks told, gradients finished', 'compute'),
      phase('the rest of the sum', 'reduce'),
      phase('Adam', 'commit'),
      phase('parameters to all workers', 'broadcast'),
      figure('memcpy of the bytes moved', 'ms', series('memcpy')),
      ratio('exchange, in memcpys', series('exchange'), series('memcpy'), atMost(barOfMemcpy)),
      ...(wire === 'float32' ? [] : besideFloat32(series('onFloat32'), series('exchange'))),
      figure("coordinator's peak memory", 'MB', [peakBytes / 1e6], atMost(limitBytes / 1e6)),
    ],
    breakdowns: [],
    notes: [
      `Moved: ${bytesUp(wire, workers)}P bytes from and 4P to each of ${workers} workers; memcpy of as many runs ` +
        'on one core, while all others wait.',
    ],
  };
}

const besideFloat32 = (onFloat32: readonly number[], onBfloat16: readonly number[]): Figure[] => [
  figure('exchange on a float32 wire', 'ms', onFloat32),
  ratio('gain of bfloat16: float32 over it', onFloat32, onBfloat16),
];
