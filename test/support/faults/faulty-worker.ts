/** A worker with a fault, as a process: `node --import tsx faulty-worker.ts SETTINGS`, of runs.ts. */
import * as tf from '@tensorflow/tfjs-core';
import { cacheFolder } from '../../../deploy/cli/folders.ts';
import { packageVersion } from '../../../deploy/cli/version.ts';
import { systemClock } from '../../../shared/runtime/clock.ts';
import { createZeromqTransport } from '../../../shared/transport/zeromq.ts';
import type { DataPolicy } from '../../../worker/data.ts';
import { runWorker } from '../../../worker/main.ts';
import { withFault, type Fault } from './fault.ts';

export interface WorkerSettings {
  readonly endpoint: string;
  readonly fault: Fault | null;
  readonly sharedMemory: boolean;
  readonly data?: DataPolicy; // looks for it by default
}

const {
  endpoint,
  fault,
  sharedMemory,
  data = { mode: 'look', dataDir: cacheFolder() },
} = JSON.parse(process.argv[2] ?? '') as WorkerSettings;
/** What this process holds, for a parent that asks. */
process.on('message', () => {
  const kinds = process.getActiveResourcesInfo();
  const timers = kinds.filter((kind) => kind === 'Timeout').length;
  process.send?.({ tensors: tf.memory().numTensors, timers });
});
process.channel?.unref();
const { code, reason } = await runWorker({
  endpoint,
  rank: null,
  runId: null,
  runtime: 'wasm',
  precision: 'tf32',
  threads: null,
  allowCpu: true,
  data,
  version: packageVersion(),
  transport: createZeromqTransport(systemClock, { sharedMemory }),
  log: (line) => console.error(line),
  adapt: (compute) => withFault(compute, fault, () => systemClock.nowMs()),
});
console.error(reason);
process.exit(code);
