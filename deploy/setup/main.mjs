/**
 * The set-up's story: packages, then kernels, then TensorFlow, each only if it is not there yet, under one lock,
 * each built beside its place and moved into it whole. So an interruption, a second set-up at the same time or
 * a full disk leaves nothing half-made behind.
 */
import { addonState, putAddonBack, tensorflowPackage } from './addon.mjs';
import { buildKernels, kernelsAreCurrent } from './kernels.mjs';
import { withLock } from './lock.mjs';
import { binIsLinked, bringBack, installPackages, linkBin, packagesMatch } from './packages.mjs';
import { findPaths, packageFolder } from './paths.mjs';
import { cleanUpOnSignals, SetupError } from './process.mjs';
import { say } from './progress.mjs';
import { setUpTensorflow, tensorflowIsSettled } from './tensorflow.mjs';

/**
 * @typedef {object} SetupOptions
 * @property {boolean} fetch may use the network, unless LOCKSTEP_OFFLINE forbids it
 * @property {boolean} retry tries again what failed before, and says what is there
 */

/**
 * Sets up what is missing.
 * @param {SetupOptions} options
 * @param {import('./paths.mjs').Paths} [paths]
 * @throws {SetupError} when the packages or the kernels cannot be had; without TensorFlow there is still wasm
 */
export async function setUp(options, paths = findPaths()) {
  if (!options.retry && isReady(paths, options)) return;
  await withLock(paths, async () => {
    if (paths.isClone) {
      if (!packagesMatch(paths)) await installPackages(paths);
      if (!binIsLinked(paths)) linkBin(paths);
      if (!kernelsAreCurrent(paths)) await buildKernels(paths);
    } else if (options.fetch && packageFolder(paths, tensorflowPackage) === null) await bringBack(paths);
    if (options.fetch) await setUpTensorflow(paths, { retry: options.retry });
    else if (addonState(paths).kind === 'detached') putAddonBack(paths);
  });
}

/**
 * The same for a command of its own: failures become one line and an exit code.
 * @param {SetupOptions} options
 * @returns {Promise<boolean>} whether all went well
 */
export async function runSetUp(options) {
  const release = cleanUpOnSignals();
  try {
    await setUp(options);
    return true;
  } catch (error) {
    const failure = error instanceof SetupError ? error : writeFailure(error);
    if (!failure) throw error;
    say(failure.message);
    process.exitCode = failure.exitCode;
    return false;
  } finally {
    release();
  }
}

/**
 * Some milliseconds of looking, no process started: the way of every start but the first.
 * @param {import('./paths.mjs').Paths} paths
 * @param {SetupOptions} options
 */
function isReady(paths, options) {
  if (paths.isClone && !(packagesMatch(paths) && binIsLinked(paths) && kernelsAreCurrent(paths)))
    return false;
  return options.fetch ? tensorflowIsSettled(paths) : addonState(paths).kind !== 'detached';
}

/** What the reader can mend when the file system refuses. @type {Readonly<Record<string, string>>} */
const writeRemedies = {
  ENOSPC: 'the disk is full: free some space',
  EDQUOT: 'the quota is used up: free some space',
  EACCES: 'permission denied: run it as the owner of the folder',
  EPERM: 'not permitted: run it as the owner of the folder',
  EROFS: 'the file system is read-only: mount it writable',
};

/**
 * @param {unknown} error
 * @returns {SetupError | null} null when it is something else than the file system
 */
function writeFailure(error) {
  if (!(error instanceof Error) || !('code' in error) || !('path' in error)) return null;
  const why = writeRemedies[String(error.code)];
  return why ? new SetupError(`cannot write ${String(error.path)}: ${why} and run it again`, 1) : null;
}
