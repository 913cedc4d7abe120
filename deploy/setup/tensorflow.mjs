/**
 * Puts a TensorFlow under tfjs-node-gpu, along the routes that the plan names, first come first served. A route
 * over the network that failed is remembered, and not tried again at every start, until `lockstep setup` is run.
 */
import { addonState, installAddon, putAddonBack, tensorflowPackage } from './addon.mjs';
import { compilerOf, forgetFailures, gatherFacts, recordFailure, userFolderOf } from './facts.mjs';
import { findUserLibrary } from './library.mjs';
import { packageFolder } from './paths.mjs';
import { planTensorflow, remedy } from './plan.mjs';
import { isOnPath, SetupError } from './process.mjs';
import { say } from './progress.mjs';
import { runVendorInstaller } from './vendor.mjs';
import { fetchWheel } from './wheel.mjs';

/** @typedef {import('./paths.mjs').Paths} Paths */

/**
 * Whether there is nothing to do, as far as can be seen without starting a process.
 * @param {Paths} paths
 * @returns {boolean}
 */
export function tensorflowIsSettled(paths) {
  const state = addonState(paths);
  const userFolder = userFolderOf(paths);
  if (userFolder !== null) return state.kind === 'linked' && state.record.library.folder === userFolder;
  if (state.kind === 'vendor') return true;
  if (state.kind !== 'linked') return false;
  return state.record.library.flavour !== 'cpu' || !isOnPath('nvidia-smi', paths.environment);
}

/**
 * @param {Paths} paths
 * @param {{ retry: boolean }} options
 * @throws {SetupError} when LOCKSTEP_TENSORFLOW names what cannot be used
 */
export async function setUpTensorflow(paths, { retry }) {
  if (packageFolder(paths, tensorflowPackage) === null) {
    const again =
      '`npm install --ignore-scripts` in the folder of your package.json, then `npx lockstep setup`';
    say(
      `npm left ${tensorflowPackage} out, so training runs on wasm, several times slower. To mend it: ${again}`,
    );
    return;
  }
  if (retry) forgetFailures(paths);
  const facts = await gatherFacts(paths);
  const plan = planTensorflow(facts);
  const obstacles = [...plan.obstacles];
  for (const route of plan.routes) {
    const problem = await follow(route, paths, plan.flavour);
    if (problem === null) {
      if (retry || route !== 'keep') say(`TensorFlow is ready: ${describeTensorflow(paths)}`);
      return;
    }
    obstacles.push(problem);
    recordFailure(paths, route, problem);
  }
  const lack = { packages: plan.packages, offline: facts.offline, isRoot: process.getuid?.() === 0 };
  const command = remedy(lack, (program) => isOnPath(program, paths.environment));
  const what = plan.flavour === 'gpu' ? 'TensorFlow for the GPU' : 'TensorFlow';
  const instead = facts.there ? 'the one for the CPU stays' : 'training runs on wasm, several times slower';
  say(`${what} is not set up (${obstacles.join('; ')}): ${instead}. To mend it: ${command}`);
}

/**
 * @param {import('./plan.mjs').Route} route
 * @param {Paths} paths
 * @param {'cpu' | 'gpu'} flavour
 * @returns {Promise<string | null>} why it led nowhere, or null
 */
async function follow(route, paths, flavour) {
  switch (route) {
    case 'keep':
      if (addonState(paths).kind === 'detached') putAddonBack(paths);
      return null;
    case 'user':
      await installUserLibrary(paths);
      return null;
    case 'vendor':
      return runVendorInstaller(paths);
    case 'wheel': {
      const { library, problem } = await fetchWheel(paths, flavour);
      return library ? installAddon(paths, library, compilerOf(paths)) : problem;
    }
    default:
      throw new Error(`no route is called ${String(route)}`);
  }
}

/**
 * A folder that somebody names is used, or is an error; never passed over.
 * @param {Paths} paths
 */
async function installUserLibrary(paths) {
  const folder = userFolderOf(paths) ?? '';
  const library = findUserLibrary(folder);
  if (!library) {
    throw new SetupError(
      `LOCKSTEP_TENSORFLOW=${folder} holds no TensorFlow for C: expected the folder \`tensorflow\` of a Python ` +
        'installation (2.14 or later, Linux), or an unpacked libtensorflow with lib/ and include/',
      78,
    );
  }
  const problem = await installAddon(paths, library, compilerOf(paths));
  if (problem) throw new SetupError(`LOCKSTEP_TENSORFLOW=${folder}: ${problem}`, 78);
}

/**
 * @param {Paths} paths
 * @returns {string | null} the TensorFlow in use, null without one
 */
export function describeTensorflow(paths) {
  const state = addonState(paths);
  if (state.kind === 'vendor') return "the vendor's";
  if (state.kind !== 'linked') return null;
  const { version, library } = state.record;
  const kind = { cpu: 'for the CPU', gpu: 'with CUDA 12', user: `from ${library.folder}` }[library.flavour];
  return `${version} ${kind}`;
}
