/** `lockstep worker`: computes for a coordinator until its run is over. */
import { resolve } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { exitCodes, usageError } from '../../shared/errors.ts';
import { cacheFolder } from '../cli/folders.ts';
import { clusterPlaceOf, ownGpu } from '../cli/cluster-variables.ts';
import { visibleGpus } from '../../shared/model/runtimes/device.ts';
import { whenParentIsGone } from '../train/parent.ts';
import { runtimeNames, type RuntimeName } from '../../shared/model/runtime.ts';

interface WorkerArguments {
  readonly connect?: string | undefined;
  readonly rank?: number | undefined;
  readonly runId?: string | undefined;
  readonly coordinatorTimeout?: number | undefined;
  readonly runtime: RuntimeName;
  readonly threads?: number | undefined;
  readonly precision: 'tf32' | 'float32';
  readonly allowCpu: boolean;
  readonly streamData: boolean;
  readonly copyData: boolean;
  readonly dataDir?: string | undefined;
}

const command: CommandModule<object, WorkerArguments> = {
  command: 'worker',
  describe: 'Compute for a coordinator until its run is over',
  builder: (yargs) =>
    yargs
      .option('connect', {
        type: 'string',
        describe:
          'where the coordinator listens, such as tcp://127.0.0.1:5770, or a connection file of keygen',
        defaultDescription: 'MASTER_ADDR and MASTER_PORT',
      })
      .option('rank', {
        type: 'number',
        describe: 'the rank to ask for; the lowest free one by default',
        defaultDescription: 'RANK, or SLURM_PROCID',
      })
      .option('run-id', {
        type: 'string',
        describe: 'work for this run alone (runId in its run.json), and look on while another one is there',
      })
      .option('coordinator-timeout', {
        type: 'number',
        describe: 'seconds without a coordinator after which it leaves, with exit code 75; never by default',
      })
      .option('runtime', { choices: runtimeNames, default: 'auto' as const, describe: 'what computes' })
      .option('threads', { type: 'number', describe: 'CPU threads; changes bits; 1 by default' })
      .option('precision', {
        choices: ['tf32', 'float32'] as const,
        default: 'tf32' as const,
        describe: 'of matrix products on a GPU',
      })
      .option('allow-cpu', {
        type: 'boolean',
        default: false,
        describe: 'compute on the CPU although a GPU is there',
      })
      .option('copy-data', {
        type: 'boolean',
        default: false,
        describe:
          'copy the data to this box once, where it is not seen; else its rows are sent as they are needed',
      })
      .option('data-dir', { type: 'string', describe: 'folder of such copies; the cache folder by default' })
      .option('stream-data', {
        type: 'boolean',
        default: false,
        describe: 'have rows sent without looking for the data',
      })
      .example('$0 worker --connect tcp://127.0.0.1:5770', 'joins the run of a coordinator on this box')
      .example('$0 worker --connect box.json', 'of a coordinator elsewhere, by the file that keygen made')
      .example(
        '$0 worker --connect box.json --copy-data --data-dir /scratch',
        'and keeps a copy of its data on a fast disk',
      )
      .epilogue(
        'Of several GPUs a worker that has LOCAL_RANK or SLURM_LOCALID in its environment takes its own one.',
      ) as unknown as Argv<WorkerArguments>, // flags arrive in camel case, which the types do not know
  handler: async (given) => {
    checkNatural('--rank', given.rank, 0);
    checkNatural('--threads', given.threads, 1);
    checkNatural('--coordinator-timeout', given.coordinatorTimeout, 1);
    if (given.streamData && given.copyData)
      throw usageError('--stream-data: got --copy-data, too, which excludes it; drop one of them');
    const mode = given.copyData ? 'copy' : given.streamData ? 'stream' : 'look';
    const data = { mode, dataDir: resolve(given.dataDir ?? cacheFolder()) } as const;
    whenParentIsGone(() => process.exit(exitCodes.terminated));
    const { startWorker } = await import('../train/start-worker.ts');
    const place = clusterPlaceOf(process.env);
    const connect = given.connect ?? place.endpoint;
    if (connect === null) throw usageError('--connect must be given: see lockstep worker --help');
    const gpu = place.localRank === null ? null : ownGpu(visibleGpus(process.env), place.localRank);
    if (gpu !== null) process.env['CUDA_VISIBLE_DEVICES'] = gpu; // before anything opens a device
    const { rank = place.rank, threads = null, runId = null, coordinatorTimeout } = given;
    const coordinatorTimeoutMs = coordinatorTimeout && 1000 * coordinatorTimeout;
    const options = { data, connect, rank, threads, runId, coordinatorTimeoutMs };
    process.exit(await startWorker({ ...given, ...options }));
  },
};
export default command;

function checkNatural(flag: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
  throw usageError(`${flag}: got ${value}, expected an integer of at least ${least}`);
}
