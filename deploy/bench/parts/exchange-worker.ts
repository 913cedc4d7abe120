/**
 * A worker of a benchmark of the exchange: the real shell, and a device whose gradient is already in memory.
 *
 * Its model is made of matrices of 2048 x 2048, as the full model's hidden layers are, and one rest.
 */
import { hostname } from 'node:os';
import { runError } from '../../../shared/errors.ts';
import { createLayout, type ParameterSpec } from '../../../shared/math/layout.ts';
import type { Compute, Fingerprint } from '../../../shared/model/compute.ts';
import { maxFrameBytes } from '../../../shared/protocol/frame.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';
import { configSchema } from '../../../shared/runtime/config.ts';
import { createWorkload } from '../../../shared/runtime/workload.ts';
import { withLinkKeys } from '../../../shared/transport/keys.ts';
import type { ConnectOptions } from '../../../shared/transport/transport.ts';
import { createZeromqTransport } from '../../../shared/transport/zeromq.ts';
import { ownRows } from '../../../worker/data.ts';
import type { Equipment } from '../../../worker/equipment.ts';
import { runWorkerShell } from '../../../worker/shell.ts';
import type { AnswerPart } from '../part.ts';
import { benchData, benchVersion } from './exchange-run.ts';

export interface ExchangeWorkerOptions {
  readonly endpoint: string;
  readonly parameters: number;
  readonly workers: number;
  readonly keys?: ConnectOptions['keys'];
  readonly sharedMemory?: boolean; // as the coordinator has it
}

const peerTimeoutMs = 5000;
const matrixSide = 2048;
const image = benchData(1).shape;
const fingerprint: Fingerprint = {
  backend: 'none',
  version: '0',
  device: 'none',
  threads: 1,
  precision: 'float32',
};

/** Answers `end` when the coordinator has said that all is over. */
export async function openExchangeWorker(options: ExchangeWorkerOptions): Promise<AnswerPart> {
  const ended = runWorkerShell({
    transport: withLinkKeys(
      createZeromqTransport(systemClock, { sharedMemory: options.sharedMemory ?? true }),
      options.keys,
      (_, reason) => process.stderr.write(`${reason}\n`),
    ),
    transportOptions: { maxFrameBytes, peerTimeoutMs },
    endpoint: options.endpoint,
    identity: { version: benchVersion, host: hostname(), pid: process.pid, fingerprint },
    clock: systemClock,
    equip: async () => equip(options),
    log: (line) => void process.stderr.write(`${line}\n`),
  });
  return async () => {
    const { code, reason } = await ended;
    if (code !== 0) throw runError(`a worker of the exchange ended: ${reason}`);
    return null;
  };
}

function equip({ parameters: parameterCount, workers }: ExchangeWorkerOptions): Equipment {
  const parameters = specsOf(parameterCount);
  const config = configSchema.parse({
    batchSize: 2 * workers,
    microBatchSize: 2,
    heldOutFraction: 0,
    components: null,
  });
  const { rowCount } = benchData(workers);
  return {
    compute: idleCompute(parameters),
    model: {
      name: 'bench',
      parameters: parameters.map((spec) => ({ ...spec, shape: [...spec.shape] })),
      statistics: [],
      termNames: ['loss'],
      generative: false,
    },
    workload: createWorkload(config, rowCount, 0),
    data: ownRows({ ...benchData(workers), labels: null, readRows: () => {}, close: () => {} }),
    seed: 1,
  };
}

function specsOf(parameterCount: number): ParameterSpec[] {
  const perMatrix = matrixSide ** 2;
  const matrices = Math.floor(parameterCount / perMatrix);
  const specs = Array.from({ length: matrices }, (_, index): ParameterSpec => ({
    name: `layer/${index + 1}`,
    shape: [matrixSide, matrixSide],
    initialiser: { kind: 'zeros' },
  }));
  const rest = parameterCount - matrices * perMatrix;
  return rest === 0 ? specs : [...specs, { name: 'rest', shape: [rest], initialiser: { kind: 'zeros' } }];
}

/** A device that has the gradient already: only the first time that a region of memory comes by is it filled. */
function idleCompute(parameters: readonly ParameterSpec[]): Compute {
  const unasked = (): never => {
    throw new Error('a benchmark of the exchange computes nothing');
  };
  return {
    fingerprint,
    image,
    layout: createLayout(parameters),
    termNames: ['loss'],
    statisticsLength: 0,
    setParameters: async () => {},
    holdsParameters: async () => true,
    setBasis: async () => {},
    setStatistics: async () => {},
    async gradient(_batch, _draw, _settings, gradient) {
      if (gradient[0] === 0) gradient.fill(1e-3);
      return { loss: 1 };
    },
    evaluate: async () => ({ loss: 1 }),
    statistics: unasked,
    covariance: unasked,
    basis: unasked,
    render: unasked,
    dispose: () => {},
  };
}
