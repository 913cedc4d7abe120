/**
 * Looks at the machine for what the plan needs to know. The dear look-ups are made only where they can matter.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { addonState, verifyVendorAddon } from './addon.mjs';
import { isOnPath, run } from './process.mjs';
import { unpackedWheel } from './wheel.mjs';

/** @typedef {import('./paths.mjs').Paths} Paths */
/** @typedef {import('./plan.mjs').Facts} Facts */

const PROBE_TIMEOUT_MS = 20_000;

/**
 * @param {Paths} paths
 * @returns {Promise<Facts>}
 */
export async function gatherFacts(paths) {
  const there = await whatIsThere(paths);
  const hasOwn = there !== null && there.flavour !== 'cpu';
  const gpu = !hasOwn && (await hasGpu(paths));
  const offline = paths.environment['LOCKSTEP_OFFLINE'] === '1';
  const settled = there !== null && !gpu;
  return {
    platform: process.platform,
    architecture: process.arch,
    glibc: hasGlibc(),
    gpu,
    offline,
    unpacked: unpackedWheel(paths, gpu ? 'gpu' : 'cpu') !== null,
    pip: !settled && !offline && (await hasPip(paths)),
    compiler: hasCompiler(paths),
    freeBytes: freeBytes(paths.cache),
    userFolder: userFolderOf(paths),
    there,
    failures: readFailures(paths),
  };
}

/**
 * @param {Paths} paths
 * @returns {string | null} what LOCKSTEP_TENSORFLOW names, absolute
 */
export function userFolderOf({ environment }) {
  const folder = environment['LOCKSTEP_TENSORFLOW'];
  return folder ? resolve(folder) : null;
}

const compilers = ['g++', 'c++', 'clang++'];

/** @param {Paths} paths */
const hasCompiler = (paths) =>
  Boolean(paths.environment['CXX']) || isOnPath(compilerOf(paths), paths.environment);

/**
 * @param {Paths} paths
 * @returns {string} CXX, or else the first of the usual ones that is there
 */
export function compilerOf({ environment }) {
  return environment['CXX'] || (compilers.find((name) => isOnPath(name, environment)) ?? 'g++');
}

/**
 * Routes that failed, and why, until somebody asks for another try.
 * @param {Paths} paths
 * @returns {Facts['failures']}
 */
function readFailures(paths) {
  const file = failuresFile(paths);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

/**
 * @param {Paths} paths
 * @param {import('./plan.mjs').Route} route
 * @param {string} problem
 */
export function recordFailure(paths, route, problem) {
  writeFileSync(failuresFile(paths), JSON.stringify({ ...readFailures(paths), [route]: problem }));
}

/** @param {Paths} paths */
export const forgetFailures = (paths) => rmSync(failuresFile(paths), { force: true });

/** @param {Paths} paths */
const failuresFile = (paths) => join(paths.cache, 'tensorflow-failures.json');

/**
 * @param {Paths} paths
 * @returns {Promise<Facts['there']>}
 */
async function whatIsThere(paths) {
  const state = addonState(paths);
  if (state.kind === 'missing') return null;
  if (state.kind === 'linked' || state.kind === 'detached') {
    const { flavour, folder } = state.record.library;
    return { flavour, userFolder: flavour === 'user' ? folder : null };
  }
  const loads = state.kind === 'vendor' || (await verifyVendorAddon(paths)) === null;
  return loads ? { flavour: 'vendor', userFolder: null } : null;
}

/** LOCKSTEP_CUDA=1 says that there will be one: an image is built where none is. @param {Paths} paths */
async function hasGpu({ environment }) {
  if (environment['LOCKSTEP_CUDA'] === '1') return true;
  if (!isOnPath('nvidia-smi', environment)) return false;
  const { ok, output } = await run('nvidia-smi', ['-L'], { environment, timeoutMs: PROBE_TIMEOUT_MS });
  return ok && /^GPU \d+:/m.test(output);
}

/** @param {Paths} paths */
async function hasPip({ environment }) {
  if (!isOnPath('python3', environment)) return false;
  return (await run('python3', ['-m', 'pip', '--version'], { environment, timeoutMs: PROBE_TIMEOUT_MS })).ok;
}

function hasGlibc() {
  if (process.platform !== 'linux') return false;
  const report = process.report.getReport();
  return (
    typeof report === 'object' && 'glibcVersionRuntime' in /** @type {{ header: object }} */ (report).header
  );
}

/** @param {string} folder */
function freeBytes(folder) {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
