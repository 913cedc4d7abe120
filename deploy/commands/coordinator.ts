/** `lockstep coordinator`: a run without workers of its own; they connect. */
import type { CommandModule } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { exitCodes } from '../../shared/errors.ts';
import { textFlag, type Arguments } from '../cli/config-flags.ts';
import { addListenFlags, listeningOf } from '../cli/listen-flags.ts';
import { addTrainFlags, trainRequestOf } from '../cli/train-flags.ts';
import { whenParentIsGone } from '../train/parent.ts';

const command: CommandModule<object, Arguments> = {
  command: 'coordinator',
  describe: 'Coordinate a run whose workers are started elsewhere',
  builder: (yargs) =>
    addListenFlags(addTrainFlags(yargs))
      .option('reducer-of', { hidden: true, type: 'string' }) // an endpoint: be one of its reducers instead
      .example('$0 coordinator --port 5770', 'waits for workers')
      .example('$0 worker --connect tcp://127.0.0.1:5770', 'is one')
      .example('$0 coordinator --keys box.server.json --host 0.0.0.0', 'waits for workers of other machines'),
  handler: async (given) => {
    const coordinator = textFlag(given, 'reducer-of');
    if (coordinator !== null) return reduceFor(coordinator);
    const request = trainRequestOf(given, process.env, hideBin(process.argv));
    const listening = listeningOf(given, request.port);
    const { startCoordinator } = await import('../train/start-coordinator.ts');
    process.exit(await startCoordinator(request, listening));
  },
};
export default command;

/** How the coordinator starts a reducer in a process of its own, which ends with it. */
async function reduceFor(coordinator: string): Promise<void> {
  whenParentIsGone(() => process.exit(exitCodes.terminated));
  const { startReducer } = await import('../train/start-reducer.ts');
  process.exit(await startReducer(coordinator));
}
