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
  const deploy = join(paths.root, paths.isClone ? 'deploy' : 'dist/deploy');
  process.argv[1] = join(deploy, 'lockstep.mjs'); // what children and other boxes start: no link of npx's cache
  const main = join(deploy, paths.isClone ? 'main.ts' : 'main.js');
  if (!existsSync(main)) {
    console.error(`lockstep: ${main} is missing, so this installation is not whole: install it again`);
    process.exitCode = 69;
    return;
  }
  await import(pathToFileURL(main).href);
}
