/**
 * From the command's first line to its main program, wherever that lies.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runSetUp } from './main.mjs';
import { packagesMatch } from './packages.mjs';
import { findPaths } from './paths.mjs';

/** Runs the main program; or says why it cannot, and sets the exit code. */
export async function launch() {
  const paths = findPaths();
  if (paths.isClone) {
    // Only a clone that was never set up goes to the network by itself.
    if (!(await runSetUp({ fetch: !packagesMatch(paths), retry: false }))) return;
    const { register } = await import('tsx/esm/api');
    register();
  } else if (!(await runSetUp({ fetch: false, retry: false }))) return;
  const main = join(paths.root, paths.isClone ? 'deploy/main.ts' : 'dist/deploy/main.js');
  if (!existsSync(main)) {
    console.error(`lockstep: ${main} is missing, so this installation is not whole: install it again`);
    process.exitCode = 69;
    return;
  }
  await import(pathToFileURL(main).href);
}
