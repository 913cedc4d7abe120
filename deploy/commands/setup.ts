/** `lockstep setup`: what `npm start` does before it begins, by itself, and again where it failed before. */
import type { CommandModule } from 'yargs';

const command: CommandModule = {
  command: 'setup',
  describe: 'Install what is missing (packages, kernels, TensorFlow), trying again what failed before',
  handler: async () => {
    const { runSetUp } = await import('../setup/main.mjs');
    const { describeSetUp } = await import('../setup/describe.mjs');
    if (await runSetUp({ fetch: true, retry: true })) process.stdout.write(describeSetUp());
  },
};
export default command;
