/** `lockstep setup`: what `npm start` does before it begins, by itself, and again where it failed before. */
import type { CommandModule } from 'yargs';

const command: CommandModule = {
  command: 'setup',
  describe: 'Install what is missing (packages, kernels, TensorFlow), trying again what failed before',
  builder: (yargs) =>
    yargs
      .example('$0 setup', 'gets what is missing, TensorFlow too where python3 and a C++ compiler are there')
      .epilogue('$0 doctor says what is there. LOCKSTEP_OFFLINE=1 keeps it off the network.'),
  handler: async () => {
    const { runSetUp } = await import('../setup/main.mjs');
    const { describeSetUp } = await import('../setup/describe.mjs');
    if (await runSetUp({ fetch: true, retry: true })) process.stdout.write(describeSetUp());
  },
};
export default command;
