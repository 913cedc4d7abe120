/** The words of commands that work on what a run has trained. */
import type { Argv } from 'yargs';

/** Adds `<path>`: where the model is. */
export const addCheckpointPath = <T>(yargs: Argv<T>): Argv<T & { path: string }> =>
  yargs.positional('path', {
    type: 'string',
    demandOption: true,
    describe: 'a run folder (its best checkpoint) or a checkpoint',
  });
