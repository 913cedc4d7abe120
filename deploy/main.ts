/** The command `lockstep`: reads the command line, runs what it names, and fails in one line. */
import { hideBin } from 'yargs/helpers';
import { fail, installBoundary } from './cli/failure.ts';
import { runCommandLine } from './cli/parser.ts';
import { packageVersion } from './cli/version.ts';

installBoundary();
try {
  await runCommandLine(hideBin(process.argv), packageVersion());
} catch (error) {
  fail(error);
}
