/** `lockstep box`: what `lockstep launch` runs on every box, and nobody by hand. */
import { Socket } from 'node:net';
import type { Argv, CommandModule } from 'yargs';
import { LockstepError, runError } from '../../shared/errors.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { runtimeNames, type RuntimeName } from '../../shared/model/runtime.ts';
import { whenParentIsGone } from '../train/parent.ts';

interface BoxArguments {
  readonly timeout: number; // seconds
  readonly probe?: RuntimeName | undefined;
  readonly threads?: number | undefined;
  readonly precision: 'tf32' | 'float32';
  readonly allowCpu: boolean;
}

const command: CommandModule<object, BoxArguments> = {
  command: 'box',
  describe: false,
  builder: (yargs) =>
    yargs
      .option('timeout', { type: 'number', default: 150 })
      .option('probe', { choices: runtimeNames })
      .option('threads', { type: 'number' })
      .option('precision', { choices: ['tf32', 'float32'] as const, default: 'tf32' as const })
      .option('allow-cpu', { type: 'boolean', default: false }) as unknown as Argv<BoxArguments>,
  handler: async (given) => {
    if (given.probe !== undefined) return computeGradient(given.probe, given);
    const { runAgent } = await import('../launch/agent.ts');
    await runAgent({
      entry: process.argv[1] ?? '',
      environment: process.env,
      timeoutMs: 1000 * given.timeout,
      input: process.stdin,
      output: new Socket({ fd: 1, readable: false }), // process.stdout would wait for a link that is cut
      clock: systemClock,
      onStoppable(stop) {
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
      },
    });
    process.exit(0);
  },
};
export default command;

/** In a process of its own: the gradient of a tiny micro-batch, told to its parent. */
async function computeGradient(name: RuntimeName, options: BoxArguments): Promise<void> {
  whenParentIsGone(() => process.exit(1));
  const { probeRuntime } = await import('../doctor/probe.ts');
  const { threads = null, precision, allowCpu } = options;
  const said = await probeRuntime(name, { threads, precision, allowCpu }, systemClock).catch(
    (error: unknown) => {
      if (!(error instanceof LockstepError)) throw error;
      return { kind: 'failed', message: error.message };
    },
  );
  if (process.send === undefined) throw runError('box --probe is for lockstep launch: see lockstep doctor');
  await new Promise<void>((resolve) => void process.send!(said, () => resolve()));
  process.exit(0); // a native library may hold the process
}
