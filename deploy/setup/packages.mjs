/**
 * npm's packages, exactly as package-lock.json names them and with no install script run: one of those would
 * fetch a TensorFlow of its own, and fail the whole installation where it cannot.
 *
 * Whether they are all there is npm's own record: it writes `node_modules/.package-lock.json` last, and removes
 * it first, so an installation that was interrupted has none and is done again.
 */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { noteChild } from './lock.mjs';
import { isOnPath, run, SetupError } from './process.mjs';
import { withProgress } from './progress.mjs';

/** @typedef {import('./paths.mjs').Paths} Paths */
/** @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockedPackage */

/** What the packages take on disk, measured. */
const NEEDED_BYTES = 8e8;

/** @param {string} root */
const npmRecord = (root) => join(root, 'node_modules', '.package-lock.json');

/**
 * @param {Paths} paths
 * @returns {boolean} whether node_modules holds what the lock names
 */
export function packagesMatch({ root }) {
  const installed = readLock(npmRecord(root));
  const locked = readLock(join(root, 'package-lock.json'));
  if (!installed || !locked) return false;
  return Object.entries(locked).every(([folder, wanted]) => {
    if (folder === '') return true; // the clone itself
    const found = installed[folder];
    // Optional packages of other systems are in the lock only.
    if (!found) return wanted.optional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/**
 * @param {Paths} paths
 * @throws {SetupError} when npm is missing or fails
 */
export async function installPackages(paths) {
  const { root, environment } = paths;
  if (!isOnPath('npm', environment)) {
    throw new SetupError('npm is not on the PATH: install it together with Node (https://nodejs.org)', 69);
  }
  requireSpace(root);
  const offline = environment['LOCKSTEP_OFFLINE'] === '1';
  const args = [
    'ci',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--include=dev',
    // npm waits 10 s, then 60 s, before it calls an unreachable registry by that name.
    '--fetch-retry-maxtimeout=10000',
    ...(offline ? ['--offline'] : []),
  ];
  const { ok, output } = await withProgress("installing npm's packages", () =>
    run('npm', args, { cwd: root, environment, onStart: (pid) => noteChild(paths, pid) }),
  );
  if (ok && !isDiskFull(output)) return;
  // npm takes a full disk for a warning, and calls the files that it cut short installed.
  rmSync(npmRecord(root), { force: true });
  throw npmFailure(output, offline);
}

/**
 * @param {string} root
 * @throws {SetupError} rather than fill the disk and fail in the end
 */
function requireSpace(root) {
  if (freeBytes(root) >= NEEDED_BYTES) return;
  rmSync(join(root, 'node_modules'), { recursive: true, force: true }); // as npm ci does before it begins
  if (freeBytes(root) < NEEDED_BYTES) throw diskFull();
}

/** @param {string} folder */
function freeBytes(folder) {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/**
 * In a project that this package was installed into: brings the optional packages back that npm has left out,
 * as it does where an install script fails. The project's package.json stays as it is.
 * @param {Paths} paths
 */
export async function bringBack({ root, environment }) {
  const folder = root.replace(/[\\/]node_modules[\\/].*$/, '');
  const isProject = folder !== root && existsSync(join(folder, 'package.json'));
  if (!isProject || !isOnPath('npm', environment)) return;
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retry-maxtimeout=10000'];
  if (environment['LOCKSTEP_OFFLINE'] === '1') args.push('--offline');
  await withProgress('installing the packages that npm has left out', () =>
    run('npm', args, { cwd: folder, environment }),
  );
}

const binTarget = join('..', '..', 'deploy', 'lockstep.mjs');

/**
 * `npx lockstep` runs what lies in node_modules/.bin, where npm links the commands of dependencies only.
 * @param {Paths} paths
 */
export function binIsLinked({ root }) {
  try {
    return readlinkSync(join(root, 'node_modules', '.bin', 'lockstep')) === binTarget;
  } catch {
    return false; // no such link
  }
}

/** @param {Paths} paths */
export function linkBin({ root }) {
  const folder = join(root, 'node_modules', '.bin');
  mkdirSync(folder, { recursive: true });
  replaceLink(binTarget, join(folder, 'lockstep'));
}

/**
 * Makes or moves a symbolic link in one step, so that nobody ever finds none.
 * @param {string} target
 * @param {string} link
 */
export function replaceLink(target, link) {
  const aside = `${link}.${process.pid}`;
  rmSync(aside, { force: true });
  symlinkSync(target, aside);
  renameSync(aside, link);
}

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage> | null}
 */
function readLock(file) {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? null;
  } catch {
    return null; // cut short: the same as none
  }
}

/** @param {string} output */
const isDiskFull = (output) => /ENOSPC|no space left/i.test(output);

const diskFull = () =>
  new SetupError("the disk is full: free some space (npm's packages take 700 MB) and run it again", 1);

/**
 * @param {string} output
 * @param {boolean} offline
 */
function npmFailure(output, offline) {
  if (isDiskFull(output)) return diskFull();
  if (offline && /ENOTCACHED/.test(output)) {
    return new SetupError(
      "npm's cache lacks packages and LOCKSTEP_OFFLINE=1 forbids fetching them: run it once without",
      69,
    );
  }
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i.test(output)) {
    return new SetupError(
      "npm's registry cannot be reached: check the network (`npm ping`) and run it again",
      69,
    );
  }
  const lines = output.split('\n').filter((line) => /^npm (error|ERR!)/.test(line));
  const why = (lines[0] ?? output.trim().split('\n').at(-1) ?? '').replace(/^npm (error|ERR!) */, '');
  return new SetupError(`npm ci failed (${why}): run \`npm ci --ignore-scripts\` to see all it says`, 1);
}
