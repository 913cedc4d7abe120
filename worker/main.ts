/** Wires a worker: the runtime, the link to the coordinator, and what it builds once it knows the run. */
import { hostname } from 'node:os';
import { configurationError, dataError } from '../shared/errors.ts';
import type { Compute } from '../shared/model/compute.ts';
import { createModelCompute } from '../shared/model/compute-model.ts';
import { openModel } from '../shared/model/open-model.ts';
import type { Runtime, RuntimeName, RuntimeOptions } from '../shared/model/runtime.ts';
import { openRuntime } from '../shared/model/runtimes.ts';
import { openRowCache } from '../shared/data/row-cache.ts';
import { maxFrameBytes } from '../shared/protocol/frame.ts';
import type { ModelDescription } from '../shared/protocol/messages.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { configSchema } from '../shared/runtime/config.ts';
import type { Tracer } from '../shared/runtime/trace.ts';
import { createWorkload } from '../shared/runtime/workload.ts';
import type { Model } from '../shared/model/model.ts';
import type { Transport } from '../shared/transport/transport.ts';
import { runWorkerShell, type Equipment } from './shell.ts';
import { watchDevice } from './watched-device.ts';
import type { Welcome } from './events.ts';

export interface WorkerOptions extends RuntimeOptions {
  readonly endpoint: string; // of the coordinator
  readonly rank: number | null; // that it would like to have
  readonly runtime: RuntimeName;
  readonly version: string; // of the package
  readonly transport: Transport;
  readonly log: (line: string) => void;
  /** Puts something between the worker and its device: a fault, in tests. */
  readonly adapt?: (compute: Compute) => Compute;
}

const peerTimeoutMs = 5000;

/** Works for a coordinator until its run is over. @throws LockstepError when the runtime is not to be had */
export async function runWorker(options: WorkerOptions): Promise<{ code: number; reason: string }> {
  const runtime = await openRuntime(options.runtime, options);
  const { endpoint, transport, version, log, rank } = options;
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
    },
    clock: systemClock,
    equip: async (welcome, tracer) => {
      const equipment = await equip(runtime, welcome, tracer);
      return { ...equipment, compute: options.adapt?.(equipment.compute) ?? equipment.compute };
    },
    log,
  });
}

/** Opens the data and puts the model onto the device. @throws LockstepError */
async function equip(runtime: Runtime, welcome: Welcome, tracer: Tracer | null): Promise<Equipment> {
  const parsed = configSchema.safeParse(welcome.configuration);
  if (!parsed.success) {
    throw configurationError(`the coordinator's configuration is not valid here: ${parsed.error.message}`);
  }
  const config = parsed.data;
  const training = openRowCache(welcome.dataPath);
  const test = welcome.testDataPath === null ? null : openRowCache(welcome.testDataPath);
  const image = training.shape;
  if (test !== null && JSON.stringify(test.shape) !== JSON.stringify(image)) {
    throw dataError(`--test-data has images of another shape than --data: give it the same kind of images`);
  }
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
    workload: createWorkload(config, training.rowCount, test?.rowCount ?? 0),
    training: watched?.dataset(training) ?? training,
    test,
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
