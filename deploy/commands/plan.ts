/** `lockstep plan`: what a step would take on a cluster that one has, or may get, before anything is started. */
import type { Argv, CommandModule } from 'yargs';
import { presetNames } from '../../shared/runtime/presets.ts';
import { wires } from '../../shared/math/node-values.ts';
import type { PlanFlags } from '../plan/request.ts';

const model = { group: 'Model and batch:' } as const;
const cluster = { group: 'Cluster:' } as const;

const command: CommandModule<object, PlanFlags & { readonly json: boolean }> = {
  command: 'plan',
  describe: 'Predict step time, efficiency and memory on a cluster',
  builder: (yargs) =>
    yargs
      .option('preset', { ...model, choices: presetNames, default: 'svhn' as const, describe: 'whose model' })
      .option('width', { ...model, type: 'number', describe: 'units of its hidden layers' })
      .option('parameters', { ...model, type: 'number', describe: 'of another model, instead of a preset' })
      .option('batch-size', { ...model, type: 'number', describe: 'samples a step, over all workers' })
      .option('micro-batch-size', { ...model, type: 'number', describe: 'unit of work' })
      .option('workers', { ...cluster, type: 'number', default: 8, describe: 'one a device' })
      .option('boxes', { ...cluster, type: 'number', default: 1, describe: 'over which they are spread' })
      .option('coordinator-apart', {
        ...cluster,
        type: 'boolean',
        default: false,
        describe: 'the coordinator has a box without workers; else it is on the first',
      })
      .option('link-rate', { ...cluster, type: 'string', describe: 'of each box, such as 10gbit' })
      .option('encrypted', { ...cluster, type: 'boolean', default: false, describe: 'traffic under CURVE' })
      .option('reducers', { ...cluster, type: 'number', default: 1, describe: 'spread over the boxes' })
      .option('wire', { ...cluster, choices: wires, default: 'float32' as const, describe: 'of gradients' })
      .option('gflops', {
        ...cluster,
        type: 'number',
        describe: 'of matrix products on a device, as bench step prints them',
        defaultDescription: 'those of a CPU thread',
      })
      .option('samples-per-second', {
        ...cluster,
        type: 'number',
        describe: 'of gradients on a device, as bench step prints them',
      })
      .option('cores', { ...cluster, type: 'number', describe: 'of a box, that CPU workers share' })
      .option('runtime', {
        ...cluster,
        choices: ['tensorflow', 'wasm', 'webgpu'] as const,
        default: 'tensorflow' as const,
        describe: 'what computes, for the memory that it takes',
      })
      .conflicts('gflops', 'samples-per-second')
      .conflicts('parameters', 'width')
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object on standard output' })
      .example('$0 plan', "the post's model on eight CPU threads of one box")
      .example(
        '$0 plan --workers 16 --boxes 2 --link-rate 10gbit --gflops 30000 --batch-size 6400',
        'two boxes of eight GPUs',
      ) as unknown as Argv<PlanFlags & { readonly json: boolean }>, // flags arrive in camel case
  handler: async (given) => {
    const [{ makePlan }, { formatPlan }] = await Promise.all([
      import('../plan/request.ts'),
      import('../plan/print.ts'),
    ]);
    const plan = makePlan(given);
    process.stdout.write(given.json ? `${JSON.stringify(plan)}\n` : formatPlan(plan));
  },
};
export default command;
