/** `lockstep doctor`: what is here, what computes and whether it computes right, and what to do about the rest. */
import type { CommandModule } from 'yargs';
import { systemClock } from '../../shared/runtime/clock.ts';
import { probeNames, type ProbeName } from '../doctor/probe.ts';

interface DoctorArguments {
  readonly json: boolean;
  readonly probe: ProbeName | undefined;
}

const command: CommandModule<object, DoctorArguments> = {
  command: 'doctor',
  describe: 'Say what is here, try every runtime, and how to mend what is missing',
  builder: (yargs) =>
    yargs
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object on standard output' })
      .option('probe', { choices: probeNames, hidden: true })
      .example('$0 doctor', 'a line for each part, and what to do about those that are missing')
      .example('$0 doctor --json', 'the same for a program'),
  handler: async ({ json, probe: name }) => {
    if (name !== undefined) return answerProbe(name);
    const { diagnose } = await import('../doctor/diagnose.ts');
    process.exitCode = await diagnose({ json, entry: process.argv[1] ?? '' });
  },
};
export default command;

/** In the process of a probe: answers through the channel to its parent, or on standard output without one. */
async function answerProbe(name: ProbeName): Promise<void> {
  const { probe } = await import('../doctor/probe.ts');
  const answer = await probe(name, systemClock);
  if (process.send === undefined) process.stdout.write(`${JSON.stringify(answer)}\n`);
  else await new Promise<void>((resolve) => void process.send!(answer, () => resolve()));
  process.exit(0); // a native library may hold the process
}
