/**
 * The installer that tfjs-node-gpu brings along: it fetches TensorFlow 2.9 and a ready-made addon from the
 * vendor's store. It is the way on macOS; on Linux it comes last, since it knows neither CUDA 12 nor Hopper.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { verifyVendorAddon } from './addon.mjs';
import { packageFolder } from './paths.mjs';
import { run } from './process.mjs';
import { withProgress } from './progress.mjs';

const PACKAGE = '@tensorflow/tfjs-node-gpu';
const PROBE_TIMEOUT_MS = 3000;

/**
 * @param {import('./paths.mjs').Paths} paths
 * @returns {Promise<string | null>} why it led nowhere, or null
 */
export async function runVendorInstaller(paths) {
  const folder = packageFolder(paths, PACKAGE);
  if (!folder) return `the package ${PACKAGE} is not installed`;
  if (!(await isReachable(storeOf(folder, paths.environment)))) return "the vendor's store cannot be reached";
  const args = ['rebuild', '--ignore-scripts=false', PACKAGE];
  const cwd = join(folder, '..', '..', '..'); // above the node_modules that it lies in
  const what = "running tfjs-node-gpu's own installer";
  const { ok } = await withProgress(what, () => run('npm', args, { cwd, environment: paths.environment }));
  const problem = ok ? await verifyVendorAddon(paths) : 'it ended with an error';
  if (problem === null) return null;
  for (const part of ['deps', 'lib']) rmSync(join(folder, part), { recursive: true, force: true });
  return `the vendor's installer failed: ${problem}`;
}

/**
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} environment
 * @returns {string} the address that the installer will ask, which the package itself names
 */
function storeOf(folder, environment) {
  const named = environment['TFJS_NODE_CDN_STORAGE'];
  return named || JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).binary.host;
}

/** @param {string} address */
async function isReachable(address) {
  try {
    await fetch(address, { method: 'HEAD', signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return true; // whatever the answer, somebody answers
  } catch {
    return false;
  }
}
