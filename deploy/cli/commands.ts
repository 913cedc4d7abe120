/**
 * The sub-commands, in the order in which `lockstep --help` lists them. Only the one that is asked for is loaded,
 * so that help is quick and no command pays for another one's libraries.
 */
import type { CommandModule } from 'yargs';

export interface CommandEntry {
  readonly name: string;
  readonly describe: string | false; // false: not for people
  readonly load: () => Promise<{ readonly default: unknown }>; // a CommandModule
}

export const commands: readonly CommandEntry[] = [
  { name: 'train', describe: 'Train a model on this box', load: () => import('../commands/train.ts') },
  {
    name: 'coordinator',
    describe: 'Coordinate a run',
    load: () => import('../commands/coordinator.ts'),
  },
  { name: 'worker', describe: 'Compute for a coordinator', load: () => import('../commands/worker.ts') },
  {
    name: 'launch',
    describe: 'Train or sweep on several boxes',
    load: () => import('../commands/launch.ts'),
  },
  { name: 'box', describe: false, load: () => import('../commands/box.ts') },
  {
    name: 'sweep',
    describe: 'Train at several settings, such as batch sizes, and compare',
    load: () => import('../commands/sweep.ts'),
  },
  { name: 'evaluate', describe: 'Judge a checkpoint', load: () => import('../commands/evaluate.ts') },
  {
    name: 'sample',
    describe: 'Draw images from a checkpoint',
    load: () => import('../commands/sample.ts'),
  },
  {
    name: 'reconstruct',
    describe: 'Show images beside their reconstructions',
    load: () => import('../commands/reconstruct.ts'),
  },
  {
    name: 'export',
    describe: 'Write a model for browsers (tfjs) or for Python (safetensors)',
    load: () => import('../commands/export.ts'),
  },
  {
    name: 'report',
    describe: 'Write a page of a run or a sweep: curves, pictures, numbers',
    load: () => import('../commands/report.ts'),
  },
  {
    name: 'monitor',
    describe: 'Start Prometheus for runs: throughput by batch size, alerts',
    load: () => import('../commands/monitor.ts'),
  },
  {
    name: 'data',
    describe: 'Look into image files, make or fetch them',
    load: () => import('../commands/data.ts'),
  },
  {
    name: 'plan',
    describe: 'Predict step time, efficiency and memory on a cluster',
    load: () => import('../commands/plan.ts'),
  },
  {
    name: 'bench',
    describe: 'Measure this machine, side by side with what it could do',
    load: () => import('../commands/bench.ts'),
  },
  {
    name: 'doctor',
    describe: 'Say what is here and what is missing',
    load: () => import('../commands/doctor.ts'),
  },
  {
    name: 'keygen',
    describe: 'Make keys for a run on several machines',
    load: () => import('../commands/keygen.ts'),
  },
  { name: 'setup', describe: 'Install what is missing', load: () => import('../commands/setup.ts') },
  {
    name: 'completion',
    describe: 'Print a script that completes commands and flags in a shell',
    load: () => import('../commands/completion.ts'),
  },
];

/** Each module knows the type of its own arguments; yargs takes any. */
export const loadCommand = async ({ load }: CommandEntry): Promise<CommandModule> =>
  (await load()).default as CommandModule;
