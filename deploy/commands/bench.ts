/** `lockstep bench`: figures of this machine, each a ratio of things that were run side by side. */
import type { Argv, CommandModule } from 'yargs';
import { usageError } from '../../shared/errors.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import type { Benchmark } from '../bench/benchmark.ts';
import { benchmarks } from '../bench/benchmarks.ts';
import { cacheFolder } from '../cli/folders.ts';

interface CommonArguments {
  readonly rounds: number;
  readonly json: boolean;
}

/** A sub-command of `bench` that runs one benchmark and prints its table. */
const commandOf = (benchmark: Benchmark): CommandModule<object, CommonArguments> => ({
  command: benchmark.name,
  describe: benchmark.describe,
  builder: (yargs) =>
    (yargs.options(benchmark.flags) as Argv<object>)
      .option('rounds', {
        type: 'number',
        default: benchmark.defaultRounds ?? 5,
        describe: 'how often each side is measured',
      })
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object on standard output' })
      .example(`$0 bench ${benchmark.name} ${benchmark.example[0]}`, benchmark.example[1]),
  handler: async (given) => {
    const { rounds, json } = given;
    if (!Number.isSafeInteger(rounds) || rounds < 1)
      throw usageError(`--rounds got ${rounds}, expected a whole number from 1 on`);
    const table = await benchmark.run(
      {
        rounds,
        clock: systemClock,
        entry: process.argv[1] ?? '',
        cacheFolder: cacheFolder(),
        say: (line) => void process.stderr.write(`lockstep: bench ${benchmark.name}: ${line}\n`),
      },
      given as never,
    );
    const [{ formatResult }, { machineFacts }] = await Promise.all([
      import('../bench/print.ts'),
      import('../bench/machine.ts'),
    ]);
    const result = { machine: machineFacts(), rounds, ...table };
    process.stdout.write(json ? `${JSON.stringify(result)}\n` : formatResult(result));
  },
});

const part: CommandModule<object, { readonly name: string }> = {
  command: 'part <name>',
  describe: false,
  builder: (yargs) => yargs.positional('name', { type: 'string', demandOption: true }),
  handler: async ({ name }) => {
    const { servePart } = await import('../bench/serve-part.ts');
    await servePart(name);
  },
};

const command: CommandModule = {
  command: 'bench',
  describe: 'Measure this machine: kernels, data, a step, the exchange, scaling, peers',
  builder: (yargs) =>
    benchmarks
      .reduce((parser, benchmark) => parser.command(commandOf(benchmark)), yargs)
      .command(part)
      .demandCommand(1, `bench: name what to measure: ${benchmarks.map(({ name }) => name).join(', ')}`)
      .example('$0 bench kernels', 'half a minute: the arithmetic of reduce and Adam')
      .example('$0 bench step --json', "what plan's --gflops and --samples-per-second are"),
  handler: () => {}, // yargs asks for one of the above first
};
export default command;
