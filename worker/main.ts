/** Wires a worker: the runtime, the link to the coordinator, and what it builds once it knows the run. */
import { hostname } from 'node:os';
import { configurationError } from '../shared/errors.ts';
import type { Compute } from '../shared/model/compute.ts';
import { createModelCompute } from '../shared/model/compute-model.ts';
import { openModel } from '../shared/model/open-model.ts';
import type { Runtime, RuntimeName, RuntimeOptions } from '../shared/model/runtime.ts';
import { openRuntime } from '../shared/model/runtimes.ts';
import { maxFrameBytes } from '../shared/protocol/frame.ts';
import type { ModelDescription } from '../shared/protocol/messages.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { configSchema } from '../shared/runtime/config.ts';
import type { Tracer } from '../shared/runtime/trace.ts';
import { createWorkload } from '../shared/runtime/workload.ts';
import type { Model } from '../shared/model/model.ts';
import type { Transport } from '../shared/transport/transport.ts';
import { copyData } from './copy-data.ts';
import { openRunRows, type DataPolicy } from './data.ts';
import type { Equipment, FetchRows } from './equipment.ts';
import { runWorkerShell } from './shell.ts';
import { watchDevice } from './watched-device.ts';
import type { Welcome } from './events.ts';

export interface WorkerOptions extends RuntimeOptions {
  readonly endpoint: string; // of the coordinator
  readonly rank: number | null; // that it would like to have
  readonly runId: string | null; // the only run that it is for; null: whichever is there
  readonly coordinatorTimeoutMs?: number | undefined; // without a coordinator for so long it leaves; none: never
  readonly runtime: RuntimeName;
  readonly version: string; // of the package
  readonly transport: Transport;
  readonly log: (line: string) => void;
  readonly data: DataPolicy;
  /** Puts something between the worker and its device: a fault, in tests. */
  readonly adapt?: (compute: Compute) => Compute;
}

const peerTimeoutMs = 5000;

/** Works for a coordinator until its run is over. @throws LockstepError when the runtime is not to be had */
export async function runWorker(options: WorkerOptions): Promise<{ code: number; reason: string }> {
  const runtime = await openRuntime(options.runtime, options);
  const { endpoint, transport, version, log, rank, runId, coordinatorTimeoutMs } = options;
  return runWorkerShell({
    transport,
    transportOptions: { maxFrameBytes, peerTimeoutMs },
    endpoint,
    identity: {
      version,
      host: hostname(),
      pid: process.pid,
      fingerprint: runtime.fingerprint,
      ...(rank === null ? {} : { rank }),
      ...(runId === null ? {} : { run: runId }),
    },
    clock: systemClock,
    coordinatorTimeoutMs,
    equip: async (welcome, tracer, fetch) => {
      const equipment = await equip(options, runtime, welcome, tracer, fetch);
      return equipment && { ...equipment, compute: options.adapt?.(equipment.compute) ?? equipment.compute };
    },
    log,
  });
}

/** Opens the data and puts the model onto the device. @throws LockstepError */
async function equip(
  { data: policy, log }: WorkerOptions,
  runtime: Runtime,
  welcome: Welcome,
  tracer: Tracer | null,
  fetch: FetchRows,
): Promise<Equipment | null> {
  const parsed = configSchema.safeParse(welcome.configuration);
  if (!parsed.success) {
    throw configurationError(`the coordinator's configuration is not valid here: ${parsed.error.message}`);
  }
  const config = parsed.data;
  const found = await openRunRows(welcome, policy, (of, about, dataDir) =>
    copyData({ of, about, dataDir, fetch, clock: systemClock, log }),
  );
  if (found === null) return null;
  const { shape: image, rowCount } = welcome.data;
  const model = await openModel(config, image);
  const watched = tracer === null ? null : watchDevice(tracer);
  const [device, computed] = [watched?.runtime(runtime) ?? runtime, watched?.model(model) ?? model];
  const compute = await createModelCompute(computed, device, {
    image,
    seed: config.seed,
    components: config.components,
    batchSize: config.batchSize,
  });
  return {
    compute: watched?.compute(compute) ?? compute,
    model: describe(model),
    workload: createWorkload(config, rowCount, welcome.testData?.rowCount ?? 0),
    data: watched?.data(found) ?? found,
    seed: config.seed,
  };
}

const describe = (model: Model): ModelDescription => ({
  name: model.name,
  parameters: model.parameters.map((spec) => ({ ...spec, shape: [...spec.shape] })),
  statistics: model.statistics.map(({ name, size }) => ({ name, size })),
  termNames: ['loss', ...model.termNames],
  generative: model.generative !== undefined,
});
